// SPDX-License-Identifier: Apache-2.0
#include "policy/network_set.h"

#include <algorithm>

namespace gatehouse::policy {

NetworkSet::NetworkSet(const std::vector<Network>& networks) {
  for (const Network& network : networks) {
    Range range{};
    for (std::size_t i = 0; i < network.address.size(); ++i) {
      const unsigned first = static_cast<unsigned>(i) * 8;  // number of the octet's highest bit
      const unsigned kept = network.prefix <= first ? 0 : std::min(8U, network.prefix - first);
      const auto mask = static_cast<std::uint8_t>(0xff00U >> kept);
      range.first[i] = network.address.octets[i] & mask;
      range.last[i] = range.first[i] | static_cast<std::uint8_t>(~mask);
    }
    (network.address.family == AF_INET ? four_ : six_).push_back(range);
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
  const auto after = std::upper_bound(
      ranges.begin(), ranges.end(), address.octets,
      [](const Octets& octets, const Range& range) { return octets < range.first; });
  return after != ranges.begin() && address.octets <= std::prev(after)->last;
}

}  // namespace gatehouse::policy
