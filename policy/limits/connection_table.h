// SPDX-License-Identifier: Apache-2.0
// How many connections each key has: one table for all workers, in which no count can leak.
//
// Time is cut into epochs, and a count belongs to one. Each worker adds what it holds to each new
// epoch, and changes within it to this and the one before, which is complete. So what a worker held
// that died or hangs is forgotten when two epochs have passed, and nobody has to clear up after it.
// Runs in: workers, in memory that they share; epochs are the caller's.
// Trusts: nothing in the memory, as another worker may be taken over: counts and epochs are
// compared and clamped, every loop is bounded. Such a worker can lift or use up limits. Invariant:
// an entry is given to another key only when no worker counts in it. A key that finds none shares
// an overflow slot with a 256th of its rule's other such keys.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "policy/limits/limit_key.h"

namespace gatehouse::policy {

class ConnectionTable {
 public:
  static constexpr std::size_t kBuckets = std::size_t{1} << 15;
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kOverflow = std::size_t{1} << 12;
  // The time without a word of a worker after which what it holds may be forgotten, and after twice
  // of which it is. Far more than a turn of a worker's loop takes.
  static constexpr std::uint64_t kEpochNs = 2'000'000'000;

  static std::uint32_t epoch_at(std::uint64_t now_ns) {
    return static_cast<std::uint32_t>(now_ns / kEpochNs);
  }

  // One more for key, unless there are most already. The caller has published its own in epoch.
  bool enter(const LimitKey& key, std::uint32_t epoch, std::uint32_t most);
  void leave(const LimitKey& key, std::uint32_t epoch);
  // What the caller holds, once at the beginning of each epoch.
  void publish(const LimitKey& key, std::uint32_t epoch, std::uint32_t count);
  // Of all workers.
  std::uint32_t count(const LimitKey& key, std::uint32_t epoch);

 private:
  using Word = std::atomic<std::uint64_t>;  // an epoch, then a count of 32 bits
  struct Counts {
    std::array<Word, 2> words;  // of even epochs, of odd ones
  };
  struct Entry {
    Word key;  // 0: none yet
    Counts counts;
  };
  static bool live(const Counts& counts, std::uint32_t epoch);
  static std::uint32_t value(const Counts& counts, std::uint32_t epoch);
  static void add(Counts& counts, std::uint32_t epoch, std::int64_t change);
  Counts& find(const LimitKey& key, std::uint32_t epoch);

  std::array<std::array<Entry, kWays>, kBuckets> buckets_;
  std::array<Counts, kOverflow> overflow_;
};

}  // namespace gatehouse::policy
