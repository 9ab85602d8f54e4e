// SPDX-License-Identifier: Apache-2.0
// Several workers on one table, of which some die or hang: no count leaks, none is lost.
#include "worker/limit_holds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace gatehouse::worker::testing {
namespace {

constexpr std::uint64_t kMs = 1'000'000, kEpochNs = policy::ConnectionTable::kEpochNs;

policy::LimitKey key_of(std::uint64_t value) {
  return policy::LimitKeys({1, 2}, "rule", {})
      .of({reinterpret_cast<const char*>(&value), sizeof value});
}

struct FakeWorker {
  explicit FakeWorker(policy::ConnectionTable* table) { holds.use(table); }
  LimitHolds holds;
  std::vector<std::uint64_t> held;  // keys, one for each connection
  std::uint64_t hangs_until = 0;
};

TEST(LimitHolds, WhateverDiesOrHangsTheLimitIsRight) {
  constexpr std::uint32_t kMost = 20;
  constexpr std::uint64_t kKeys = 3;
  std::mt19937_64 random(20'261'124);
  const auto table = std::make_unique<policy::ConnectionTable>();
  std::vector<std::unique_ptr<FakeWorker>> workers;
  std::uint64_t now = 1'000'000 * kMs, quiet_since = now;  // quiet: nobody has died or hung
  std::uint64_t entered = 0, refused = 0, checks = 0;
  const auto held_by_all = [&](std::uint64_t key) {
    std::uint64_t sum = 0;
    for (const auto& worker : workers) {
      sum += static_cast<std::uint64_t>(std::count(worker->held.begin(), worker->held.end(), key));
    }
    return sum;
  };
  for (int i = 0; i < 4; ++i) workers.push_back(std::make_unique<FakeWorker>(table.get()));
  for (int step = 0; step < 200'000; ++step) {
    now += random() % (20 * kMs);
    for (auto& worker : workers) {  // 100 ms is a tick
      if (worker->hangs_until <= now && step % 5 == 0) worker->holds.beat(now);
    }
    auto& worker = workers[random() % workers.size()];
    if (worker->hangs_until > now) continue;
    const std::uint64_t key = random() % kKeys;
    switch (random() % 5000) {
      case 0:  // killed: its connections end, nobody says so
        worker = std::make_unique<FakeWorker>(table.get());
        quiet_since = std::max(quiet_since, now);
        continue;
      case 1:
        worker->hangs_until = now + random() % (5 * kEpochNs);
        quiet_since = std::max(quiet_since, worker->hangs_until);
        continue;
      default:
        break;
    }
    if (random() % 2 == 0 && !worker->held.empty()) {
      worker->holds.leave(key_of(worker->held.back()), now);
      worker->held.pop_back();
      continue;
    }
    const bool was_full = held_by_all(key) >= kMost;
    const bool got = worker->holds.enter(key_of(key), kMost, now);
    if (got) worker->held.push_back(key);
    (got ? entered : refused) += 1;
    if (now < quiet_since + 3 * kEpochNs) continue;
    ASSERT_EQ(got, !was_full) << "step " << step << " held " << held_by_all(key);
    ++checks;
  }
  EXPECT_GT(refused, 1000U);
  EXPECT_GT(entered, 1000U);
  EXPECT_GT(checks, 10'000U);
  // Everything ends.
  for (auto& worker : workers) {
    while (!worker->held.empty()) {
      worker->holds.leave(key_of(worker->held.back()), now);
      worker->held.pop_back();
    }
    EXPECT_EQ(worker->holds.keys(), 0U);
  }
  const std::uint32_t later = policy::ConnectionTable::epoch_at(now + 3 * kEpochNs);
  for (std::uint64_t key = 0; key < kKeys; ++key) EXPECT_EQ(table->count(key_of(key), later), 0U);
}

}  // namespace
}  // namespace gatehouse::worker::testing
