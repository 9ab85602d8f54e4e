// SPDX-License-Identifier: Apache-2.0
#include "policy/network_set.h"

#include <endian.h>

#include <algorithm>
#include <cstring>

namespace gatehouse::policy {

NetworkSet::Number NetworkSet::number_of(const IpAddress& address) {
  std::uint64_t high, low;
  std::memcpy(&high, address.octets.data(), sizeof high);
  std::memcpy(&low, address.octets.data() + sizeof high, sizeof low);
  return {be64toh(high), address.family == AF_INET6 ? be64toh(low) : 0};
}

NetworkSet::NetworkSet(const std::vector<Network>& networks) {
  // So many of the highest bits.
  const auto mask = [](unsigned bits) {
    return bits == 0 ? 0 : ~std::uint64_t{0} << (64 - std::min(bits, 64U));
  };
  for (const Network& network : networks) {
    const Number kept{mask(network.prefix), mask(network.prefix > 64 ? network.prefix - 64 : 0)};
    const Number number = number_of(network.address);
    const Number first{number.high & kept.high, number.low & kept.low};
    (network.address.family == AF_INET ? four_ : six_)
        .push_back({first, {first.high | ~kept.high, first.low | ~kept.low}});
  }
  merge(&four_);
  merge(&six_);
}

void NetworkSet::merge(std::vector<Range>* ranges) {
  std::sort(ranges->begin(), ranges->end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  std::vector<Range> merged;
  for (const Range& range : *ranges) {
    if (!merged.empty() && range.first <= merged.back().last) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  ranges->swap(merged);
}

bool NetworkSet::contains(const IpAddress& address) const {
  if (address.family == AF_UNSPEC) return false;
  const std::vector<Range>& ranges = address.family == AF_INET ? four_ : six_;
  const Number number = number_of(address);
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), number,
                       [](const Number& a, const Range& range) { return a < range.first; });
  return after != ranges.begin() && number <= std::prev(after)->last;
}

}  // namespace gatehouse::policy
