// SPDX-License-Identifier: Apache-2.0
#include "policy/limits/rate_table.h"

#include <algorithm>

#include "policy/limits/bounds.h"
#include "policy/limits/bucket.h"

namespace gatehouse::policy {
namespace {

// How far two workers' idea of the time may differ: each reads its clock once a turn.
constexpr std::uint64_t kSlack = 10'000'000'000;

}  // namespace

RateTable::Word& RateTable::find(const LimitKey& key, std::uint64_t now_ns) {
  const auto has_passed = [now_ns](Entry& entry) {
    std::uint64_t time = entry.time.load(std::memory_order_relaxed);
    if (time <= now_ns + kLongestLimit) return time <= now_ns;
    entry.time.compare_exchange_strong(time, 0, std::memory_order_relaxed);  // no honest worker's
    return true;
  };
  Entry* const entry = find_entry(buckets_[key.fingerprint % kBuckets], key, has_passed);
  return entry != nullptr ? entry->time : overflow_[overflow_slot(key, kOverflow)];
}

Taken RateTable::take(const LimitKey& key, std::uint64_t now_ns, std::uint64_t interval_ns,
                      std::uint64_t burst) {
  const std::uint64_t latest = now_ns + burst * interval_ns;
  Word& time = find(key, now_ns);
  std::uint64_t seen = time.load(std::memory_order_relaxed);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::uint64_t from = std::clamp(seen, now_ns, latest);
    const std::uint64_t next = from + interval_ns;
    if (next > latest) {
      // What no honest worker has written under this limit must not stay.
      if (seen > latest + kSlack)
        time.compare_exchange_strong(seen, latest, std::memory_order_relaxed);
      return {false, next - latest};
    }
    if (time.compare_exchange_weak(seen, next, std::memory_order_relaxed)) break;
  }
  return {true, 0};
}

void RateTable::give_back(const LimitKey& key, std::uint64_t ns) {
  for (Entry& entry : buckets_[key.fingerprint % kBuckets]) {
    if (entry.key.load(std::memory_order_relaxed) != key.fingerprint) continue;
    std::uint64_t seen = entry.time.load(std::memory_order_relaxed);
    if (seen > ns) {
      entry.time.compare_exchange_strong(seen, seen - ns, std::memory_order_relaxed);
    }
    return;
  }
}

}  // namespace gatehouse::policy
