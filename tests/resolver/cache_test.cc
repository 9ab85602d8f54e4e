// SPDX-License-Identifier: Apache-2.0
#include "resolver/cache.h"

#include <gtest/gtest.h>

namespace gatehouse::resolver {
namespace {

IpAddress address(std::uint8_t last) {
  IpAddress address;
  address.family = AF_INET;
  address.octets = {192, 0, 2, last};
  return address;
}

TEST(Cache, KeepsAnAnswerUntilItExpires) {
  Cache cache(10);
  cache.put("a.example", {{address(1)}, 2000}, 1000);
  ASSERT_NE(cache.find("a.example", 1999), nullptr);
  EXPECT_EQ(cache.find("a.example", 1999)->addresses, std::vector<IpAddress>{address(1)});
  EXPECT_EQ(cache.find("a.example", 2000), nullptr);
  EXPECT_EQ(cache.find("b.example", 1000), nullptr);
}

TEST(Cache, KeepsThatThereIsNoAddress) {
  Cache cache(10);
  cache.put("none.example", {{}, 2000}, 1000);
  ASSERT_NE(cache.find("none.example", 1500), nullptr);
  EXPECT_TRUE(cache.find("none.example", 1500)->addresses.empty());
}

TEST(Cache, ReplacesAnAnswer) {
  Cache cache(1);
  cache.put("a.example", {{address(1)}, 2000}, 1000);
  cache.put("a.example", {{address(2)}, 3000}, 1000);
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.find("a.example", 2500)->addresses, std::vector<IpAddress>{address(2)});
}

TEST(Cache, NeverHoldsMoreThanItsBound) {
  Cache cache(100);
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "n" + std::to_string(i);
    cache.put(name, {{address(1)}, 1'000'000}, 0);
    ASSERT_LE(cache.size(), 100U);
    ASSERT_NE(cache.find(name, 0), nullptr) << "the newest is always there";
  }
  EXPECT_GE(cache.size(), 90U);
}

TEST(Cache, WhatHasExpiredGoesFirst) {
  Cache cache(100);
  for (int i = 0; i < 50; ++i) cache.put("old" + std::to_string(i), {{}, 10}, 0);
  for (int i = 0; i < 50; ++i) cache.put("new" + std::to_string(i), {{}, 1000}, 0);
  cache.put("one more", {{}, 1000}, 500);
  EXPECT_EQ(cache.size(), 51U);
  for (int i = 0; i < 50; ++i) EXPECT_NE(cache.find("new" + std::to_string(i), 500), nullptr);
}

TEST(Cache, ABoundOfOneWorks) {
  Cache cache(1);
  cache.put("a", {{}, 1000}, 0);
  cache.put("b", {{}, 1000}, 0);
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_NE(cache.find("b", 0), nullptr);
}

}  // namespace
}  // namespace gatehouse::resolver
