// SPDX-License-Identifier: Apache-2.0
#include "resolver/name.h"

#include <gtest/gtest.h>

namespace gatehouse::resolver {
namespace {

std::vector<std::string> known(const std::string& name) {
  const auto addresses = known_addresses(canonical_name(name));
  if (!addresses) return {"ask"};
  std::vector<std::string> texts;
  for (const IpAddress& address : *addresses) texts.push_back(to_string(address));
  return texts;
}
const std::vector<std::string> kAsk = {"ask"};
const std::vector<std::string> kNone;

TEST(Name, CaseAndOneFinalDotMakeNoDifference) {
  EXPECT_EQ(canonical_name("WWW.Example.COM."), "www.example.com");
  EXPECT_EQ(canonical_name("www.example.com"), "www.example.com");
  EXPECT_EQ(canonical_name("www.example.com.."), "www.example.com.");
  EXPECT_EQ(canonical_name(""), "");
  EXPECT_EQ(canonical_name("."), "");
}

TEST(Name, HostNamesAreAskedFor) {
  EXPECT_EQ(known("www.example.com"), kAsk);
  EXPECT_EQ(known("intranet"), kAsk);
  EXPECT_EQ(known("_dmarc.example.com."), kAsk);
  EXPECT_EQ(known("1.2.3.4.example"), kAsk);
  EXPECT_EQ(known("3com.com"), kAsk);
  EXPECT_EQ(known("xn--bcher-kva.example"), kAsk);
}

TEST(Name, ALiteralIsItsOwnAnswer) {
  EXPECT_EQ(known("192.0.2.1"), std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(known("192.0.2.1."), std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(known("2001:DB8::1"), std::vector<std::string>{"2001:db8::1"});
  EXPECT_EQ(known("::ffff:127.0.0.1").size(), 1U) << "the floor's concern";
}

TEST(Name, OtherWritingsOfAddressesAreNone) {
  for (const char* name :
       {"127.1", "2130706433", "0x7f.0.0.1", "0x7f000001", "0177.0.0.1", "1.2.3.4.5", "256.1.1.1",
        "1.2.3.04", "[::1]", "fe80::1%eth0", "::1::"}) {
    EXPECT_EQ(known(name), kNone) << name;
  }
}

TEST(Name, LocalhostIsTheLoopbackAndNeverAskedFor) {
  const std::vector<std::string> loopback = {"::1", "127.0.0.1"};
  EXPECT_EQ(known("localhost"), loopback);
  EXPECT_EQ(known("LOCALHOST."), loopback);
  EXPECT_EQ(known("a.b.localhost"), loopback);
  EXPECT_EQ(known("localhost.example"), kAsk);
}

TEST(Name, OnionNamesDoNotLeak) {
  EXPECT_EQ(known("abcdef.onion"), kNone);
  EXPECT_EQ(known("onion.example"), kAsk);
}

TEST(Name, LabelsAreBounded) {
  const std::string label(63, 'a');
  EXPECT_EQ(known(label + ".example"), kAsk);
  EXPECT_EQ(known(label + "a.example"), kNone);
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  ASSERT_EQ(longest.size(), 253U);
  EXPECT_EQ(known(longest), kAsk);
  EXPECT_EQ(known(longest + "."), kAsk);
  EXPECT_EQ(known(longest + "c"), kNone);
}

TEST(Name, WhatIsNoHostNameIsNotAskedFor) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a..b"), std::string(".a"),
        std::string("a.."), std::string("a b"), std::string("a\\.b"), std::string("a\0b", 3),
        std::string("b\xc3\xbc.example"), std::string("a/b"), std::string("a:80"),
        std::string(100'000, 'a')}) {
    EXPECT_EQ(known(name), kNone) << name;
  }
}

}  // namespace
}  // namespace gatehouse::resolver
