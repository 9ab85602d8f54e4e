// SPDX-License-Identifier: Apache-2.0
// How many connections each source has: of IPv4 an address, of IPv6 a /64 network, which is what
// one household or host gets.
//
// A connection above the limit is reset at once, without an answer. An answer with 429 would hold a
// session, a descriptor and its timers for as long as that client likes, which is what the limit is
// there to prevent.
// Invariants:
//  1. Memory is taken once, for as many sources as there may be connections; a step costs the same
//     however many there are, and sources that collide cannot be chosen (the seed is secret).
//  2. Each enter() that was true is followed by one leave().
// Not here: the limit over all workers. Each has its own table, and the kernel spreads the
// connections of a source over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.h"

namespace gatehouse::worker {

class SourceTable {
 public:
  // limit: connections of a source, 0 for no limit (then no memory). connections: at most so many
  // at a time in all.
  SourceTable(std::uint32_t limit, std::size_t connections, std::uint64_t seed);

  // False: this source has as many as it may.
  bool enter(const IpAddress& source);
  void leave(const IpAddress& source);

  bool limited() const { return limit_ != 0; }
  std::size_t sources() const { return used_; }

 private:
  struct Entry {
    std::uint64_t key = 0;
    std::uint32_t count = 0;  // 0: free
  };
  std::size_t home(std::uint64_t key) const;
  // Of the key's entry, or of the free one where it would stand.
  std::size_t find(std::uint64_t key) const;
  void free(std::size_t place);

  std::uint32_t limit_;
  std::uint64_t seed_;
  std::vector<Entry> entries_;  // open addressing, a power of two, at most half full
  std::size_t used_ = 0;
};

}  // namespace gatehouse::worker
