// SPDX-License-Identifier: Apache-2.0
#include "policy/limits/connection_table.h"

#include <algorithm>

#include "policy/limits/bucket.h"

namespace gatehouse::policy {
namespace {

std::uint32_t epoch_of(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }
std::uint32_t count_of(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

}  // namespace

std::uint32_t ConnectionTable::value(const Counts& counts, std::uint32_t epoch) {
  const std::uint64_t word = counts.words[epoch % 2].load(std::memory_order_relaxed);
  return epoch_of(word) == epoch ? count_of(word) : 0;
}

// Somebody counts here in this epoch, the one before or, with a clock that is ahead, the next.
bool ConnectionTable::live(const Counts& counts, std::uint32_t epoch) {
  return value(counts, epoch - 1) != 0 || value(counts, epoch) != 0 ||
         value(counts, epoch + 1) != 0;
}

void ConnectionTable::add(Counts& counts, std::uint32_t epoch, std::int64_t change) {
  Word& word = counts.words[epoch % 2];
  std::uint64_t seen = word.load(std::memory_order_relaxed);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (epoch_of(seen) == epoch + 2) return;  // others are there already
    const std::int64_t before = epoch_of(seen) == epoch ? count_of(seen) : 0;
    const std::int64_t after = std::clamp<std::int64_t>(before + change, 0, ~std::uint32_t{0});
    const std::uint64_t next = std::uint64_t{epoch} << 32 | static_cast<std::uint64_t>(after);
    if (word.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return;
  }
}

ConnectionTable::Counts& ConnectionTable::find(const LimitKey& key, std::uint32_t epoch) {
  Entry* const entry =
      find_entry(buckets_[key.fingerprint % kBuckets], key,
                 [epoch](const Entry& other) { return !live(other.counts, epoch); });
  return entry != nullptr ? entry->counts : overflow_[overflow_slot(key, kOverflow)];
}

std::uint32_t ConnectionTable::count(const LimitKey& key, std::uint32_t epoch) {
  const Counts& counts = find(key, epoch);
  return std::max(value(counts, epoch - 1), value(counts, epoch));
}

// First it counts, then it looks: two that come at once see each other.
bool ConnectionTable::enter(const LimitKey& key, std::uint32_t epoch, std::uint32_t most) {
  Counts& counts = find(key, epoch);
  add(counts, epoch - 1, 1);
  add(counts, epoch, 1);
  if (std::max(value(counts, epoch - 1), value(counts, epoch)) <= most) return true;
  add(counts, epoch - 1, -1);
  add(counts, epoch, -1);
  return false;
}

void ConnectionTable::leave(const LimitKey& key, std::uint32_t epoch) {
  Counts& counts = find(key, epoch);
  add(counts, epoch - 1, -1);
  add(counts, epoch, -1);
}

void ConnectionTable::publish(const LimitKey& key, std::uint32_t epoch, std::uint32_t count) {
  add(find(key, epoch), epoch, count);
}

}  // namespace gatehouse::policy
