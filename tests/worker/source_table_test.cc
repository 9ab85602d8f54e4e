// SPDX-License-Identifier: Apache-2.0
#include "worker/source_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "worker/event_limit.h"
#include "worker/reference.h"

namespace gatehouse::worker {
namespace {

IpAddress v4(std::uint32_t number) {
  IpAddress address;
  address.family = AF_INET;
  for (int i = 0; i < 4; ++i) {
    address.octets[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  }
  return address;
}

IpAddress v6(std::uint8_t network, std::uint8_t host) {
  IpAddress address;
  address.family = AF_INET6;
  address.octets[0] = 0x20;
  address.octets[7] = network;
  address.octets[15] = host;
  return address;
}

TEST(SourceTable, CountsEachSourceByItself) {
  SourceTable table(2, 100, 7);
  EXPECT_TRUE(table.enter(v4(1)));
  EXPECT_TRUE(table.enter(v4(1)));
  EXPECT_FALSE(table.enter(v4(1)));
  EXPECT_TRUE(table.enter(v4(2)));
  table.leave(v4(1));
  EXPECT_TRUE(table.enter(v4(1)));
  EXPECT_FALSE(table.enter(v4(1)));
  EXPECT_EQ(table.sources(), 2u);
}

TEST(SourceTable, OfIpv6TheNetworkCounts) {
  SourceTable table(2, 100, 7);
  EXPECT_TRUE(table.enter(v6(1, 1)));
  EXPECT_TRUE(table.enter(v6(1, 2)));
  EXPECT_FALSE(table.enter(v6(1, 3)));
  EXPECT_TRUE(table.enter(v6(2, 3)));
  table.leave(v6(1, 200));
  EXPECT_TRUE(table.enter(v6(1, 3)));
}

TEST(SourceTable, WithoutALimitCountsNothing) {
  SourceTable table(0, 1'000'000'000'000, 7);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(table.enter(v4(1)));
  EXPECT_FALSE(table.limited());
  EXPECT_EQ(table.sources(), 0u);
  table.leave(v4(1));
}

// Against a plain map, in a table so full that sources collide all the time.
TEST(SourceTable, AgreesWithAMapWhateverComesAndGoes) {
  constexpr std::size_t kConnections = 60;
  std::mt19937 random(1);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SourceTable table(3, kConnections, seed);
    std::map<std::uint32_t, std::uint32_t> counts;
    std::vector<std::uint32_t> open;
    for (int step = 0; step < 5000; ++step) {
      if (open.size() < kConnections && random() % 2 == 0) {
        const std::uint32_t source = random() % 80;
        const bool room = counts[source] < 3;
        ASSERT_EQ(table.enter(v4(source)), room);
        if (!room) continue;
        ++counts[source];
        open.push_back(source);
      } else if (!open.empty()) {
        std::swap(open[random() % open.size()], open.back());
        table.leave(v4(open.back()));
        --counts[open.back()];
        open.pop_back();
      }
    }
    for (const std::uint32_t source : open) table.leave(v4(source));
    EXPECT_EQ(table.sources(), 0u);
  }
}

TEST(References, AreShortAndDiffer) {
  References first(1), second(2);
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    for (References* references : {&first, &second}) {
      const std::string token(references->next());
      EXPECT_EQ(token.size(), References::kSize);
      EXPECT_EQ(token.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos);
      EXPECT_TRUE(seen.insert(token).second);
    }
  }
  EXPECT_NE(random_seed(), random_seed());
}

TEST(EventLimit, OneLineStandsForManyOccurrences) {
  EventLimit limit;
  EXPECT_EQ(limit.count(0), 1u);
  EXPECT_EQ(limit.count(1), 0u);
  EXPECT_EQ(limit.count(9'999), 0u);
  EXPECT_EQ(limit.count(10'000), 3u);
  EXPECT_EQ(limit.count(10'001), 0u);
  EXPECT_EQ(limit.count(50'000), 2u);
}

}  // namespace
}  // namespace gatehouse::worker
