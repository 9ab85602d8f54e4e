// SPDX-License-Identifier: Apache-2.0
#include "config/values.h"

#include <gtest/gtest.h>

#include <array>

namespace gatehouse::config {
namespace {

TEST(Values, Durations) {
  EXPECT_EQ(parse_duration("500ms"), 500U);
  EXPECT_EQ(parse_duration("10s"), 10'000U);
  EXPECT_EQ(parse_duration("2m"), 120'000U);
  EXPECT_EQ(parse_duration("1h"), 3'600'000U);
  EXPECT_EQ(parse_duration("0s"), 0U);
  for (const char* wrong :
       {"", "s", "10", "10 s", " 10s", "10s ", "-1s", "+1s", "1.5s", "10S", "10sec", "1d", "0x10s",
        "99999999999999999999s", "18446744073709551615h"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
}

TEST(Values, DurationsArePrintedInTheLargestUnit) {
  EXPECT_EQ(format_duration(90'000), "90s");
  EXPECT_EQ(format_duration(120'000), "2m");
  EXPECT_EQ(format_duration(7'200'000), "2h");
  EXPECT_EQ(format_duration(1'500), "1500ms");
  EXPECT_EQ(format_duration(0), "0ms");
}

TEST(Values, Sizes) {
  EXPECT_EQ(parse_size("8000B"), 8000U);
  EXPECT_EQ(parse_size("32KiB"), 32'768U);
  EXPECT_EQ(parse_size("10MiB"), 10U << 20);
  EXPECT_EQ(parse_size("3GiB"), std::uint64_t{3} << 30);
  for (const char* wrong : {"", "8", "8K", "8KB", "8kib", "8 KiB", "KiB", "17179869184GiB"}) {
    EXPECT_FALSE(parse_size(wrong)) << wrong;
  }
  EXPECT_EQ(format_size(8000), "8000B");
  EXPECT_EQ(format_size(8192), "8KiB");
}

TEST(Values, Networks) {
  EXPECT_EQ(to_string(*parse_network("10.0.0.0/8")), "10.0.0.0/8");
  EXPECT_EQ(to_string(*parse_network("192.0.2.1")), "192.0.2.1/32");
  EXPECT_EQ(to_string(*parse_network("fd00::/8")), "fd00::/8");
  EXPECT_EQ(to_string(*parse_network("::/0")), "::/0");
  for (const char* wrong : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1",
                            "10.0.0.0/8x", "10/8", "::/129", "fe80::1%eth0", "[::1]", "01.2.3.4"}) {
    EXPECT_FALSE(parse_network(wrong)) << wrong;
  }
}

TEST(Values, Rates) {
  EXPECT_EQ(parse_rate("500B/s"), 500U);
  EXPECT_EQ(parse_rate("2KiB/s"), 2048U);
  for (const char* wrong : {"", "/s", "500", "500B", "500B/m", "500B/ s", "500 B/s", "500bps"}) {
    EXPECT_FALSE(parse_rate(wrong)) << wrong;
  }
  EXPECT_EQ(format_rate(500), "500B/s");
  EXPECT_EQ(format_rate(4096), "4KiB/s");
}

TEST(Values, PortsAndRanges) {
  EXPECT_EQ(parse_port("1"), 1U);
  EXPECT_EQ(parse_port("65535"), 65535U);
  for (const char* wrong :
       {"", "0", "00", "080", "65536", "-1", "+1", "80 ", "8x", "99999999999"}) {
    EXPECT_FALSE(parse_port(wrong)) << wrong;
  }
  EXPECT_EQ(to_string(*parse_port_range("443")), "443");
  EXPECT_EQ(to_string(*parse_port_range("1024-65535")), "1024-65535");
  EXPECT_EQ(to_string(*parse_port_range("80-80")), "80");
  for (const char* wrong : {"", "-", "80-", "-80", "81-80", "1-2-3", "0-1", "1 - 2", "1--2"}) {
    EXPECT_FALSE(parse_port_range(wrong)) << wrong;
  }
}

TEST(Values, Endpoints) {
  EXPECT_EQ(to_string(*parse_endpoint("192.0.2.1:80")), "192.0.2.1:80");
  EXPECT_EQ(to_string(*parse_endpoint("[2001:db8::1]:8080")), "[2001:db8::1]:8080");
  for (const char* wrong :
       {"", ":", ":80", "192.0.2.1", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:065", "[192.0.2.1]:80",
        "2001:db8::1", "2001:db8::1:80", "[2001:db8::1]", "[2001:db8::1]80", "[]:80", "[:80",
        "host:80", "192.0.2.1:80 ", "[fe80::1%eth0]:80"}) {
    EXPECT_FALSE(parse_endpoint(wrong)) << wrong;
  }
}

TEST(Values, Hosts) {
  for (const char* right :
       {"a", "app.example", "app.example.", "app_1.example:8080", "192.0.2.1", "192.0.2.1:80",
        "[2001:db8::1]", "[2001:db8::1]:80", "xn--bcher-kva.de"}) {
    EXPECT_TRUE(is_host(right)) << right;
  }
  for (const char* wrong : {"", ":80", ".example", "a..b", "a b", "a/b", "a:0", "a:", "a:b", "a@b",
                            "a,b", "a\r\nb", "[a]", "[2001:db8::1", "[192.0.2.1]", "[2001:db8::1]x",
                            "2001:db8::1", "http://a", "b\xc3\xbc"}) {
    EXPECT_FALSE(is_host(wrong)) << wrong;
  }
  EXPECT_TRUE(is_host(std::string(255, 'a')));
  EXPECT_FALSE(is_host(std::string(256, 'a')));
}

TEST(Values, NetworksAreMaskedAtEveryPrefix) {
  const auto text = [](const char* network) { return to_string(masked(*parse_network(network))); };
  EXPECT_EQ(text("255.255.255.255/0"), "0.0.0.0/0");
  EXPECT_EQ(text("255.255.255.255/9"), "255.128.0.0/9");
  EXPECT_EQ(text("255.255.255.255/31"), "255.255.255.254/31");
  EXPECT_EQ(text("255.255.255.255/32"), "255.255.255.255/32");
  EXPECT_EQ(text("ffff:ffff::1/17"), "ffff:8000::/17");
}

TEST(Values, KindsOfAddresses) {
  EXPECT_TRUE(is_wildcard(*parse_address("0.0.0.0")));
  EXPECT_TRUE(is_wildcard(*parse_address("::")));
  EXPECT_FALSE(is_wildcard(*parse_address("::1")));
  EXPECT_TRUE(is_multicast(*parse_address("239.1.2.3")));
  EXPECT_TRUE(is_multicast(*parse_address("ff02::1")));
  EXPECT_FALSE(is_multicast(*parse_address("240.0.0.1")));
  EXPECT_TRUE(is_v4_mapped(*parse_address("::ffff:1.2.3.4")));
  EXPECT_FALSE(is_v4_mapped(*parse_address("::1.2.3.4")));
  EXPECT_FALSE(parse_address(std::string_view("1.2.3.4\0", 8)));
}

TEST(Values, Tokens) {
  EXPECT_TRUE(is_token("gateway-1.example_x"));
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token("a b"));
  EXPECT_FALSE(is_token("a,b"));
  EXPECT_FALSE(is_token("\xc3\xa9"));
  EXPECT_TRUE(is_token(std::string(64, 'a')));
  EXPECT_FALSE(is_token(std::string(65, 'a')));
}

TEST(Values, PrintableHidesNothing) {
  EXPECT_EQ(printable("a\x1b[2J\n\x7f", 100), "a\\x1b[2J\\x0a\\x7f");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("abc", 3), "abc");
}

TEST(Values, EditDistance) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("workers", "workers"), 0U);
  EXPECT_EQ(edit_distance("workres", "workers"), 1U) << "a swap is one mistake";
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Values, NearestNamesOnlyWhatIsNear) {
  constexpr std::array<std::string_view, 3> kNames = {"workers", "clients", "via"};
  EXPECT_EQ(nearest("wrokers", kNames), "workers");
  EXPECT_EQ(nearest("viia", kNames), "via");
  EXPECT_FALSE(nearest("colour", kNames));
  EXPECT_FALSE(nearest(std::string(10'000, 'w'), kNames));
}

}  // namespace
}  // namespace gatehouse::config
