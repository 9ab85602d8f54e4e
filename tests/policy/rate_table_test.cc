// SPDX-License-Identifier: Apache-2.0
// The table of rates against a naive model, under a flood, from several processes, with hostile
// contents.
#include "policy/limits/rate_table.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <random>

#include "policy/limits/bounds.h"
#include "policy/limits/limit_table.h"

namespace gatehouse::policy {
namespace {

constexpr std::uint64_t kMs = 1'000'000, kSecond = 1000 * kMs, kStart = 5'000 * kSecond;

// As workers have it: shared, and no page of it there before it is written to.
class SharedTable {
 public:
  SharedTable()
      : memory_(mmap(nullptr, sizeof(LimitTable), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  ~SharedTable() { munmap(memory_, sizeof(LimitTable)); }
  RateTable& rates() { return static_cast<LimitTable*>(memory_)->rates; }
  void fill(int octet) { std::memset(memory_, octet, sizeof(LimitTable)); }

 private:
  void* memory_;
};

LimitKey key_of(std::uint64_t value, const char* rule = "rule") {
  wire::PolicyLimit limit;
  limit.set_per(wire::PolicyLimit::CLIENT);
  return LimitKeys({1, 2}, rule, limit).of({reinterpret_cast<const char*>(&value), sizeof value});
}

TEST(RateTable, ABurstThenTheRateAndTheTimeToWait) {
  SharedTable table;
  const LimitKey key = key_of(1);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(table.rates().take(key, kStart, kSecond, 5).granted);
  const Taken refused = table.rates().take(key, kStart + kMs, kSecond, 5);
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.wait_ns, 999 * kMs);
  EXPECT_TRUE(table.rates().take(key_of(2), kStart, kSecond, 5).granted) << "somebody else's";
  EXPECT_TRUE(table.rates().take(key, kStart + kSecond, kSecond, 5).granted);
  EXPECT_FALSE(table.rates().take(key, kStart + kSecond, kSecond, 5).granted);
  table.rates().give_back(key, kSecond);
  EXPECT_TRUE(table.rates().take(key, kStart + kSecond, kSecond, 5).granted);
  EXPECT_FALSE(table.rates().take(key, kStart + kSecond, kSecond, 5).granted);
}

// Tokens that come with time up to the burst.
struct NaiveBucket {
  double tokens;
  std::uint64_t at;
  bool take(std::uint64_t now, std::uint64_t interval, std::uint64_t burst) {
    tokens = std::min(static_cast<double>(burst),
                      tokens + static_cast<double>(now - at) / static_cast<double>(interval));
    at = now;
    if (tokens < 1 - 1e-6) return false;
    tokens -= 1;
    return true;
  }
};

TEST(RateTable, EqualsTokenBucketsWhateverComes) {
  std::mt19937_64 random(20'261'124);
  for (int run = 0; run < 20; ++run) {
    SharedTable table;
    std::map<std::uint64_t, NaiveBucket> naive;
    const std::uint64_t interval = kMs << (random() % 8), burst = 1 + random() % 20;
    std::uint64_t now = kStart;
    for (int step = 0; step < 20'000; ++step) {
      now += random() % (interval / 4) / kMs * kMs;
      const std::uint64_t who = random() % 12;
      const auto [found, is_new] =
          naive.try_emplace(who, NaiveBucket{static_cast<double>(burst), now});
      ASSERT_EQ(table.rates().take(key_of(who), now, interval, burst).granted,
                found->second.take(now, interval, burst))
          << "run " << run << " step " << step;
    }
  }
}

// A million keys that come once, at 100,000 a second, beside clients that keep to their limits and
// one that does not.
TEST(RateTable, AFloodOfNewKeysChangesNobodysLimit) {
  SharedTable table;
  std::uint64_t honest_refused = 0, greedy_granted = 0, flood_refused = 0;
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    const std::uint64_t now = kStart + i * 10'000;  // 10 us
    flood_refused += table.rates().take(key_of(i, "flood"), now, kSecond, 1).granted ? 0 : 1;
    if (i % 1000 == 0) {  // a hundred clients with one request a second each
      honest_refused += table.rates().take(key_of(i / 1000 % 100), now, kSecond, 1).granted ? 0 : 1;
    }
    if (i % 100 == 0) {  // 1000 a second
      greedy_granted += table.rates().take(key_of(7, "greedy"), now, kSecond / 20, 10).granted;
    }
  }
  EXPECT_EQ(honest_refused, 0U);
  EXPECT_NEAR(static_cast<double>(greedy_granted), 10 + 20 * 10, 2);
  EXPECT_EQ(flood_refused, 0U) << "there is room for what is live";
  EXPECT_LE(sizeof(LimitTable), 24U << 20);
}

// More live keys than there are entries: who has an entry keeps it, others share.
TEST(RateTable, WhenAllAreLiveNobodyIsForgotten) {
  SharedTable table;
  constexpr std::uint64_t kHour = 3600 * kSecond;
  const LimitKey early = key_of(1, "early");
  EXPECT_TRUE(table.rates().take(early, kStart, kHour, 1).granted);
  std::uint64_t granted = 0;
  constexpr std::uint64_t kKeys = 3 * RateTable::kBuckets * RateTable::kWays;
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    granted += table.rates().take(key_of(i, "flood"), kStart, kHour, 1).granted;
  }
  EXPECT_LE(granted, RateTable::kBuckets * RateTable::kWays + 256);
  EXPECT_FALSE(table.rates().take(early, kStart + 1, kHour, 1).granted);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    ASSERT_FALSE(table.rates().take(key_of(i, "flood"), kStart + 1, kHour, 1).granted) << i;
  }
  // Another rule's keys have slots of their own in the overflow.
  std::uint64_t others = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    others += table.rates().take(key_of(i, "other"), kStart + 1, kSecond, 100).granted;
  }
  EXPECT_GE(others, 190U);
}

// The time is a counter that they share, so that nothing depends on how the machine runs them.
TEST(RateTable, SeveralProcessesKeepOneLimit) {
  SharedTable table;
  void* shared = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* const clock = static_cast<std::atomic<std::uint64_t>*>(shared);
  *clock = kStart;
  int results[2];
  ASSERT_EQ(pipe(results), 0);
  for (int child = 0; child < 4; ++child) {
    if (fork() != 0) continue;
    std::uint64_t granted = 0;
    for (;;) {  // 100,000 attempts a second for 20 s, at 10,000 a second
      const std::uint64_t now = clock->fetch_add(10'000);
      if (now >= kStart + 20 * kSecond) break;
      granted += table.rates().take(key_of(1), now, 100'000, 10).granted;
    }
    _exit(write(results[1], &granted, sizeof granted) == sizeof granted ? 0 : 1);
  }
  std::uint64_t all = 0;
  for (int child = 0; child < 4; ++child) {
    std::uint64_t granted = 0;
    ASSERT_EQ(read(results[0], &granted, sizeof granted), static_cast<ssize_t>(sizeof granted));
    all += granted;
    int status = 0;
    wait(&status);
  }
  close(results[0]);
  close(results[1]);
  munmap(shared, 4096);
  EXPECT_NEAR(static_cast<double>(all), 200'010, 20'001);
  std::printf("granted %llu of 200010\n", static_cast<unsigned long long>(all));
}

// Whatever a worker that was taken over has written: nobody waits longer than the own limit says,
// and after that all is as it should be.
TEST(RateTable, HostileContentsAreBounded) {
  for (const int octet : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
    SharedTable table;
    table.fill(octet);
    for (std::uint64_t who = 0; who < 1000; ++who) {
      std::uint64_t granted = 0, longest = 0;
      for (int i = 0; i < 20; ++i) {
        const Taken taken = table.rates().take(key_of(who), kStart, kSecond, 10);
        granted += taken.granted;
        longest = std::max(longest, taken.wait_ns);
      }
      ASSERT_LE(granted, 10U) << octet;
      ASSERT_LE(longest, kSecond) << octet;
      ASSERT_TRUE(table.rates().take(key_of(who), kStart + 11 * kSecond, kSecond, 10).granted);
      table.rates().give_back(key_of(who), ~std::uint64_t{0});
    }
  }
}

TEST(LimitKeys, DifferByRuleKindAndValueAndNotByNumbers) {
  wire::PolicyLimit limit;
  limit.mutable_requests()->set_burst(1);
  const LimitKey key = LimitKeys({1, 2}, "a", limit).of("v");
  limit.mutable_requests()->set_burst(2);
  EXPECT_EQ(LimitKeys({1, 2}, "a", limit).of("v").fingerprint, key.fingerprint);
  EXPECT_NE(LimitKeys({1, 2}, "a", limit).of("w").fingerprint, key.fingerprint);
  EXPECT_NE(LimitKeys({1, 3}, "a", limit).of("v").fingerprint, key.fingerprint);
  EXPECT_NE(LimitKeys({1, 2}, "av", limit).of("").fingerprint, key.fingerprint);
  limit.set_per(wire::PolicyLimit::HOST);
  EXPECT_NE(LimitKeys({1, 2}, "a", limit).of("v").fingerprint, key.fingerprint);
}

TEST(LimitTable, TheFirstSecretIsEverybodys) {
  const auto table = std::make_unique<LimitTable>();
  EXPECT_EQ(table->secret({5, 6}).k1, 6U);
  EXPECT_EQ(table->secret({7, 8}).k0, 5U);
}

}  // namespace
}  // namespace gatehouse::policy
