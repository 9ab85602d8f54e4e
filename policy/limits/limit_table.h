// SPDX-License-Identifier: Apache-2.0
// The memory that all workers share for limits: zeroed pages at first, of which only those that are
// written to cost memory.
#pragma once

#include <atomic>
#include <cstdint>

#include "policy/limits/connection_table.h"
#include "policy/limits/rate_table.h"
#include "policy/lists/siphash.h"

namespace gatehouse::policy {

struct LimitTable {
  // The secret of the keys: that of the worker that first proposed one. {}: proposes none.
  lists::SipKey secret(const lists::SipKey& proposed) {
    return {first_wins(secret_[0], proposed.k0), first_wins(secret_[1], proposed.k1)};
  }

  RateTable rates;
  ConnectionTable connections;

 private:
  static std::uint64_t first_wins(std::atomic<std::uint64_t>& word, std::uint64_t proposed) {
    std::uint64_t present = 0;
    return word.compare_exchange_strong(present, proposed) ? proposed : present;
  }
  std::atomic<std::uint64_t> secret_[2];  // 0: none yet
};

}  // namespace gatehouse::policy
