// SPDX-License-Identifier: Apache-2.0
// How far each key has used up its rate: one table for all workers, of fixed size, without locks.
//
// GCRA (ITU-T I.371 annex A): of a key one number is kept, the theoretical arrival time (TAT),
// until which what has come is paid for. One that has passed says the same as none. Runs in:
// workers, in memory that they share; the time is the caller's (CLOCK_MONOTONIC, one for all).
// Trusts: nothing in the memory, as another worker may be taken over: every time read is clamped to
// what the caller's own limit allows, every loop is bounded. Such a worker can lift or use up
// limits. Invariants:
//  1. An entry is given to another key only when its time has passed (or is none that an honest
//     worker writes), so a flood of new keys makes nobody's limit forgotten. Taking it over is one
//     exchange of the key: the time that has passed needs no reset.
//  2. A key that finds only live entries in its bucket shares the time of an overflow slot with a
//     256th of its rule's other such keys: refused too early rather than never.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "policy/limits/limit_key.h"

namespace gatehouse::policy {

struct Taken {
  bool granted;
  std::uint64_t wait_ns;  // not granted: until one more would be
};

class RateTable {
 public:
  static constexpr std::size_t kBuckets = std::size_t{1} << 17;
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kOverflow = std::size_t{1} << 16;

  // One more for key, of which burst may come at once and then one each interval_ns.
  // burst * interval_ns is at most kLongestLimit.
  Taken take(const LimitKey& key, std::uint64_t now_ns, std::uint64_t interval_ns,
             std::uint64_t burst);
  // What was taken and not used after all, in nanoseconds of the rate.
  void give_back(const LimitKey& key, std::uint64_t ns);

 private:
  using Word = std::atomic<std::uint64_t>;
  struct Entry {
    Word key;  // 0: none yet
    Word time;
  };
  // The time of key, of an entry that is its own from now on or of its overflow slot.
  Word& find(const LimitKey& key, std::uint64_t now_ns);

  std::array<std::array<Entry, kWays>, kBuckets> buckets_;
  std::array<Word, kOverflow> overflow_;
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace gatehouse::policy
