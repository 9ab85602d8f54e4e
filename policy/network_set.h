// SPDX-License-Identifier: Apache-2.0
// A set of networks, as ranges that don't overlap: membership by binary search.
#pragma once

#include <array>
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
  using Octets = std::array<std::uint8_t, 16>;  // of IPv4 the first four count
  struct Range {
    Octets first, last;
  };
  static void merge(std::vector<Range>* ranges);

  std::vector<Range> four_, six_;
};

}  // namespace gatehouse::policy
