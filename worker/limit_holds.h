// SPDX-License-Identifier: Apache-2.0
// The connections that this worker counts under keys of limits, and its heartbeat in the table that
// all workers share (policy/limits/connection_table.h).
//
// Invariant: each key's count in the table holds this worker's part, from the moment of enter() on,
// as long as beat() is called more often than once in an epoch.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "policy/limits/connection_table.h"

namespace gatehouse::worker {

class LimitHolds {
 public:
  // table: null where there are no limits; then there are no holds either.
  void use(policy::ConnectionTable* table) { table_ = table; }

  // One more connection under key, of most of all workers.
  bool enter(const policy::LimitKey& key, std::uint32_t most, std::uint64_t now_ns);
  // One that has entered.
  void leave(const policy::LimitKey& key, std::uint64_t now_ns);
  void beat(std::uint64_t now_ns);
  std::size_t keys() const { return held_.size(); }

 private:
  struct Held {
    policy::LimitKey key;
    std::uint32_t count = 0;
  };
  policy::ConnectionTable* table_ = nullptr;
  std::unordered_map<std::uint64_t, Held> held_;  // by fingerprint, which is a hash already
  std::uint32_t epoch_ = 0;                       // that held_ has been published in
};

}  // namespace gatehouse::worker
