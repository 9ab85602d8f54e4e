// SPDX-License-Identifier: Apache-2.0
// A set of networks, as ranges that don't overlap: membership by binary search.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "base/address.h"

namespace gatehouse::policy {

class NetworkSet {
 public:
  NetworkSet() = default;
  explicit NetworkSet(const std::vector<Network>& networks);

  bool contains(const IpAddress& address) const;
  bool empty() const { return four_.empty() && six_.empty(); }

 private:
  // An address as a number; of IPv4 the highest 32 bits count.
  struct Number {
    std::uint64_t high, low;
    auto operator<=>(const Number&) const = default;
  };
  struct Range {
    Number first, last;
  };
  static Number number_of(const IpAddress& address);
  static void merge(std::vector<Range>* ranges);

  std::vector<Range> four_, six_;
};

}  // namespace gatehouse::policy
