// SPDX-License-Identifier: Apache-2.0
// The table of connections: epochs, a flood, several processes, hostile contents. That no count
// leaks, whichever workers die or hang, is in tests/worker/limit_holds_test.cc.
#include "policy/limits/connection_table.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>

namespace gatehouse::policy {
namespace {

constexpr std::uint32_t kEpoch = 1000;

LimitKey key_of(std::uint64_t value) {
  return LimitKeys({1, 2}, "rule", {}).of({reinterpret_cast<const char*>(&value), sizeof value});
}

TEST(ConnectionTable, CountsUpToTheLimitAndForgetsAfterTwoEpochs) {
  const auto table = std::make_unique<ConnectionTable>();
  const LimitKey key = key_of(1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(table->enter(key, kEpoch, 3));
  EXPECT_FALSE(table->enter(key, kEpoch, 3));
  EXPECT_TRUE(table->enter(key_of(2), kEpoch, 3)) << "somebody else's";
  table->leave(key, kEpoch);
  EXPECT_TRUE(table->enter(key, kEpoch, 3));
  EXPECT_EQ(table->count(key, kEpoch + 1), 3U) << "nobody has published, the epoch before counts";
  EXPECT_FALSE(table->enter(key, kEpoch + 1, 3));
  table->publish(key, kEpoch + 1, 2);  // one of two workers is left
  EXPECT_EQ(table->count(key, kEpoch + 2), 2U);
  EXPECT_EQ(table->count(key, kEpoch + 3), 0U);
  table->leave(key, kEpoch + 3);
  EXPECT_EQ(table->count(key, kEpoch + 3), 0U) << "never below";
}

TEST(ConnectionTable, AWorkerThatIsLateDisturbsNobody) {
  const auto table = std::make_unique<ConnectionTable>();
  const LimitKey key = key_of(1);
  table->publish(key, kEpoch + 1, 5);
  table->publish(key, kEpoch + 2, 5);
  table->leave(key, kEpoch);
  EXPECT_EQ(table->count(key, kEpoch + 2), 5U);
}

TEST(ConnectionTable, WhenAllAreLiveNewKeysShareAndNobodyIsForgotten) {
  const auto table = std::make_unique<ConnectionTable>();
  const LimitKey early = key_of(~std::uint64_t{0});
  EXPECT_TRUE(table->enter(early, kEpoch, 1));
  constexpr std::uint64_t kKeys = 1'000'000;
  std::uint64_t entered = 0;
  for (std::uint64_t i = 0; i < kKeys; ++i) entered += table->enter(key_of(i), kEpoch, 1);
  EXPECT_GE(entered, ConnectionTable::kBuckets * ConnectionTable::kWays - 1);
  EXPECT_LE(entered, ConnectionTable::kBuckets * ConnectionTable::kWays + 256);
  EXPECT_FALSE(table->enter(early, kEpoch, 1));
  // Two epochs later nobody counts any more, and all entries are free again.
  std::uint64_t later = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) later += table->enter(key_of(kKeys + i), kEpoch + 3, 1);
  EXPECT_EQ(later, 1000U);
}

TEST(ConnectionTable, SeveralProcessesNeverExceedTheLimitTogether) {
  void* memory = mmap(nullptr, sizeof(ConnectionTable), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* const table = static_cast<ConnectionTable*>(memory);
  int results[2];
  ASSERT_EQ(pipe(results), 0);
  for (int child = 0; child < 4; ++child) {
    if (fork() != 0) continue;
    std::uint32_t held = 0;
    for (int i = 0; i < 100'000; ++i) {  // comes and goes, and holds what it has got at the end
      if (table->enter(key_of(1), kEpoch, 1000)) ++held;
      if (held > 0 && i % 3 == 0 && i < 50'000) {
        table->leave(key_of(1), kEpoch);
        --held;
      }
    }
    _exit(write(results[1], &held, sizeof held) == sizeof held ? 0 : 1);
  }
  std::uint32_t all = 0;
  for (int child = 0; child < 4; ++child) {
    std::uint32_t held = 0;
    ASSERT_EQ(read(results[0], &held, sizeof held), static_cast<ssize_t>(sizeof held));
    all += held;
    int status = 0;
    wait(&status);
  }
  EXPECT_EQ(all, 1000U);
  EXPECT_EQ(table->count(key_of(1), kEpoch), 1000U);
  close(results[0]);
  close(results[1]);
  munmap(memory, sizeof(ConnectionTable));
}

TEST(ConnectionTable, HostileContentsAreForgottenToo) {
  for (const int octet : {0x01, 0x7f, 0x80, 0xff}) {
    const auto table = std::make_unique<ConnectionTable>();
    std::memset(static_cast<void*>(table.get()), octet, sizeof(ConnectionTable));
    for (std::uint32_t epoch = kEpoch; epoch < kEpoch + 3; ++epoch) {
      for (std::uint64_t who = 0; who < 100; ++who) {
        (void)table->enter(key_of(who), epoch, 5);
        table->leave(key_of(who + 100), epoch);
      }
    }
    for (std::uint64_t who = 0; who < 100; ++who) {
      for (int i = 0; i < 5; ++i) ASSERT_TRUE(table->enter(key_of(who), kEpoch + 5, 5)) << octet;
      ASSERT_FALSE(table->enter(key_of(who), kEpoch + 5, 5)) << octet;
    }
  }
}

}  // namespace
}  // namespace gatehouse::policy
