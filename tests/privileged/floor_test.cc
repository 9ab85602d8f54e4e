// SPDX-License-Identifier: Apache-2.0
#include "privileged/floor.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace gatehouse::privileged {
namespace {

IpAddress address(const std::string& text) {
  IpAddress result;
  result.family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  EXPECT_EQ(inet_pton(result.family, text.c_str(), result.octets.data()), 1) << text;
  return result;
}

struct Case {
  const char* text;
  const char* why;  // nullptr: may be a destination
};

constexpr Case kV4[] = {
    {"0.0.0.0", "unspecified"},
    {"0.255.255.255", "unspecified"},
    {"1.0.0.0", nullptr},
    {"10.0.0.1", nullptr},
    {"100.64.0.1", nullptr},
    {"100.100.100.199", nullptr},
    {"100.100.100.200", "metadata"},
    {"100.100.100.201", nullptr},
    {"126.255.255.255", nullptr},
    {"127.0.0.0", "loopback"},
    {"127.0.0.1", "loopback"},
    {"127.255.255.255", "loopback"},
    {"128.0.0.0", nullptr},
    {"169.253.255.255", nullptr},
    {"169.254.0.0", "link-local or metadata"},
    {"169.254.169.254", "link-local or metadata"},
    {"169.254.255.255", "link-local or metadata"},
    {"169.255.0.0", nullptr},
    {"172.16.0.1", nullptr},
    {"192.168.1.1", nullptr},
    {"192.0.2.1", nullptr},
    {"223.255.255.255", nullptr},
    {"224.0.0.0", "multicast"},
    {"239.255.255.255", "multicast"},
    {"240.0.0.0", "reserved"},
    {"255.255.255.254", "reserved"},
    {"255.255.255.255", "reserved"},
};

constexpr Case kV6[] = {
    {"::", "unspecified"},
    {"::1", "loopback"},
    {"fe80::", "link-local"},
    {"fe80::1", "link-local"},
    {"febf:ffff::1", "link-local"},
    {"fe7f:ffff::1", nullptr},
    {"fec0::1", "site-local"},
    {"feff:ffff::1", "site-local"},
    {"ff00::", "multicast"},
    {"ff02::1", "multicast"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"},
    {"fd00:ec2::254", "metadata"},
    {"fd00:ec2::255", nullptr},
    {"fd42:99:2::2", nullptr},
    {"fc00::1", nullptr},
    {"2001:db8::1", nullptr},
    {"2606:4700::1111", nullptr},
};

void expect(const IpAddress& a, const char* why, const std::string& text) {
  const auto reason = floor_reason(a);
  EXPECT_EQ(reason.has_value(), why != nullptr) << text;
  if (!reason || why == nullptr) return;
  EXPECT_EQ(*reason, why) << text;
}

TEST(Floor, OfIpv4) {
  for (const Case& c : kV4) expect(address(c.text), c.why, c.text);
}

TEST(Floor, OfIpv6) {
  for (const Case& c : kV6) expect(address(c.text), c.why, c.text);
}

// An IPv4 address inside an IPv6 one is judged as if it stood alone, in each form that carries one.
TEST(Floor, LooksInsideIpv6) {
  const auto embed = [](const std::string& prefix, unsigned at, std::uint8_t mask, const char* v4) {
    IpAddress outer = address(prefix);
    const IpAddress inner = address(v4);
    for (unsigned i = 0; i < 4; ++i)
      outer.octets[at + i] = static_cast<std::uint8_t>(inner.octets[i] ^ mask);
    return outer;
  };
  for (const Case& c : kV4) {
    const std::string inner = c.text;
    expect(embed("::ffff:0:0", 12, 0, c.text), c.why, "mapped " + inner);
    expect(embed("64:ff9b::", 12, 0, c.text), c.why, "NAT64 " + inner);
    expect(embed("2002::1", 2, 0, c.text), c.why, "6to4 " + inner);
    expect(embed("2001:0:102:304:5:6:7:8", 12, 0xff, c.text), c.why, "Teredo " + inner);
    // ::0.0.0.1 is ::1 and ::0.0.0.0 is ::, which have names of their own.
    if (inner != "0.0.0.0") expect(embed("::", 12, 0, c.text), c.why, "compatible " + inner);
  }
}

TEST(Floor, IsLiftedForNamedNetworksOnly) {
  Floor floor(
      {.destinations = {Network{address("127.0.0.53"), 32}, Network{address("169.254.0.0"), 16},
                        Network{address("fe80::"), 10}},
       .endpoints = {}});
  const TimePoint now = Clock::now();
  for (const char* text : {"127.0.0.53", "169.254.169.254", "169.254.0.1", "fe80::1"}) {
    EXPECT_EQ(floor.judge(address(text), now), Floor::Verdict::kAllowed) << text;
  }
  for (const char* text : {"127.0.0.54", "127.0.0.1", "224.0.0.1", "::1", "::ffff:127.0.0.53"}) {
    EXPECT_EQ(floor.judge(address(text), now), Floor::Verdict::kDenied) << text;
  }
}

TEST(Floor, OfEndpointsTheCommandLineNamesEachOne) {
  const Floor floor({.destinations = {}, .endpoints = {{address("127.0.0.53"), 53}}});
  EXPECT_FALSE(floor.forbids_endpoint({address("127.0.0.53"), 53}));
  EXPECT_TRUE(floor.forbids_endpoint({address("127.0.0.53"), 54}));
  EXPECT_TRUE(floor.forbids_endpoint({address("127.0.0.1"), 53}));
  EXPECT_TRUE(floor.forbids_endpoint({address("::ffff:127.0.0.53"), 53}));
  EXPECT_TRUE(floor.forbids_endpoint({address("169.254.169.254"), 80}));
  EXPECT_FALSE(floor.forbids_endpoint({address("10.0.0.1"), 53}));
}

TEST(Floor, KnowsPrivateAddresses) {
  for (const char* text :
       {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0",
        "192.168.255.255", "100.64.0.0", "100.127.255.255", "fc00::", "fdff::1", "::ffff:10.0.0.1",
        "64:ff9b::c0a8:101", "2002:a00:1::1"}) {
    EXPECT_TRUE(is_private(address(text))) << text;
  }
  for (const char* text : {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0",
                           "192.167.255.255", "192.169.0.0", "100.63.255.255", "100.128.0.0",
                           "fbff::1", "fe00::1", "2001:db8::1", "::ffff:11.0.0.1"}) {
    EXPECT_FALSE(is_private(address(text))) << text;
  }
}

}  // namespace
}  // namespace gatehouse::privileged
