// SPDX-License-Identifier: Apache-2.0
#include "worker/http/authority.h"

#include <gtest/gtest.h>

namespace gatehouse::worker::http {
namespace {

TEST(Authority, AcceptsHostsAndPorts) {
  const auto plain = parse_authority("Example.com");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "Example.com");
  EXPECT_EQ(plain->port, 0);
  EXPECT_EQ(plain->literal.family, AF_UNSPEC);
  EXPECT_EQ(parse_authority("a:8080")->port, 8080);
  EXPECT_EQ(parse_authority("a:")->port, 0);
  EXPECT_EQ(parse_authority("a:00080")->port, 80);
  EXPECT_EQ(parse_authority("a:65535")->port, 65535);
  const auto v4 = parse_authority("192.0.2.1:81");
  EXPECT_EQ(to_string(v4->literal), "192.0.2.1");
  const auto v6 = parse_authority("[2001:db8::1]:81");
  EXPECT_EQ(v6->host, "[2001:db8::1]");
  EXPECT_EQ(to_string(v6->literal), "2001:db8::1");
  EXPECT_EQ(v6->port, 81);
  for (const char* name : {"a_b", "a.", "x--y", "%41b", "a!$&'()*+;=~", "1.2.3", "1.2.3.4.5"}) {
    const auto authority = parse_authority(name);
    ASSERT_TRUE(authority) << name;
    EXPECT_EQ(authority->literal.family, AF_UNSPEC) << name;
  }
}

TEST(Authority, RefusesEverythingElse) {
  for (const char* text : {"",
                           ":80",
                           "a b",
                           "a/b",
                           "u@a",
                           "a,b",
                           "a:0",
                           "a:65536",
                           "a:99999999999999999999",
                           "a:8x",
                           "a:-1",
                           "a:80:80",
                           "[::1",
                           "::1",
                           "[::1]x",
                           "[]",
                           "[::1%25eth0]",
                           "[v1.a]",
                           "[1.2.3.4]",
                           "a\\b",
                           "a?b",
                           "a#b",
                           "a[b",
                           "%",
                           "%4",
                           "%4g",
                           "\xe9",
                           "a\tb",
                           "\"a\"",
                           "<a>",
                           "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]"}) {
    EXPECT_FALSE(parse_authority(text)) << text;
  }
}

TEST(Authority, Equality) {
  const auto same = [](const char* a, const char* b) {
    return same_authority(*parse_authority(a), *parse_authority(b), 80);
  };
  EXPECT_TRUE(same("a", "A:80"));
  EXPECT_TRUE(same("a:", "a"));
  EXPECT_TRUE(same("[::1]", "[0:0::1]:80"));
  EXPECT_FALSE(same("a", "a:81"));
  EXPECT_FALSE(same("a", "b"));
  EXPECT_FALSE(same("1.2.3.4", "1.2.3.5"));
  EXPECT_FALSE(same("a", "a."));
}

TEST(Authority, MappedAddressesAreTheirIpv4) {
  const IpAddress v4 = parse_authority("192.0.2.1")->literal;
  EXPECT_TRUE(same_address(parse_authority("[::ffff:192.0.2.1]")->literal, v4));
  EXPECT_FALSE(same_address(parse_authority("[::192.0.2.1]")->literal, v4));
  EXPECT_FALSE(same_address(parse_authority("[::1]")->literal, v4));
}

}  // namespace
}  // namespace gatehouse::worker::http
