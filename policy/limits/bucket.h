// SPDX-License-Identifier: Apache-2.0
// Where a key is counted, in tables of buckets that several processes write without locks. Trusts
// nothing in the memory: every loop is bounded.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "policy/limits/limit_key.h"

namespace gatehouse::policy {

// Of a compare-and-swap: each that fails means that another worker's has succeeded, or that one
// disturbs.
inline constexpr int kAttempts = 16;

// The entry that key has in its bucket, or one of another key that is_free(entry), which is its own
// from now on. Null: all are taken.
template <class Entry, std::size_t kWays, class IsFree>
Entry* find_entry(std::array<Entry, kWays>& bucket, const LimitKey& key, IsFree is_free) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Entry* free = nullptr;
    std::uint64_t owner = 0;
    for (Entry& entry : bucket) {
      const std::uint64_t of = entry.key.load(std::memory_order_relaxed);
      if (of == key.fingerprint) return &entry;
      if (free != nullptr || !is_free(entry)) continue;
      free = &entry;
      owner = of;
    }
    if (free == nullptr) return nullptr;
    if (free->key.compare_exchange_strong(owner, key.fingerprint, std::memory_order_relaxed)) {
      return free;
    }
  }
  return nullptr;
}

// Of so many slots, the one that key shares with a 256th of its rule's other keys without an entry.
inline std::size_t overflow_slot(const LimitKey& key, std::size_t slots) {
  constexpr std::uint64_t kShares = 256;
  return (key.rule + (key.fingerprint >> 32) % kShares) % slots;
}

}  // namespace gatehouse::policy
