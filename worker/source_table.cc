// SPDX-License-Identifier: Apache-2.0
#include "worker/source_table.h"

#include <bit>

#include "base/check.h"
#include "worker/reference.h"

namespace gatehouse::worker {
namespace {

// The two families share the numbers: of those below 2^48 no IPv6 network that is routed is one.
std::uint64_t key_of(const IpAddress& address) {
  const std::size_t octets = address.family == AF_INET ? 4 : 8;
  std::uint64_t key = address.family == AF_INET ? 1 : 0;
  for (std::size_t i = 0; i < octets; ++i) key = key << 8 | address.octets[i];
  return key;
}

}  // namespace

SourceTable::SourceTable(std::uint32_t limit, std::size_t connections, std::uint64_t seed)
    : limit_(limit), seed_(seed) {
  if (limit_ != 0) entries_.resize(std::bit_ceil(2 * connections + 2));
}

std::size_t SourceTable::home(std::uint64_t key) const {
  return scramble(key ^ seed_) & (entries_.size() - 1);
}

std::size_t SourceTable::find(std::uint64_t key) const {
  std::size_t place = home(key);
  while (entries_[place].count != 0 && entries_[place].key != key) {
    place = (place + 1) & (entries_.size() - 1);
  }
  return place;
}

bool SourceTable::enter(const IpAddress& source) {
  if (limit_ == 0) return true;
  const std::uint64_t key = key_of(source);
  Entry& entry = entries_[find(key)];
  if (entry.count >= limit_) return false;
  if (entry.count == 0) {
    CHECK(++used_ <= entries_.size() / 2);
    entry.key = key;
  }
  ++entry.count;
  return true;
}

void SourceTable::leave(const IpAddress& source) {
  if (limit_ == 0) return;
  const std::size_t place = find(key_of(source));
  CHECK(entries_[place].count > 0);
  if (--entries_[place].count == 0) free(place);
}

// What stands behind it moves up, so that no search ends too early (Knuth 6.4, algorithm R).
void SourceTable::free(std::size_t place) {
  const std::size_t mask = entries_.size() - 1;
  --used_;
  for (std::size_t next = (place + 1) & mask; entries_[next].count != 0; next = (next + 1) & mask) {
    const std::size_t wanted = home(entries_[next].key);
    // It may stand at place unless its home lies behind that.
    if (((next - wanted) & mask) < ((next - place) & mask)) continue;
    entries_[place] = entries_[next];
    place = next;
  }
  entries_[place] = Entry{};
}

}  // namespace gatehouse::worker
