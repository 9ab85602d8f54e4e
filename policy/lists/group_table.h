// SPDX-License-Identifier: Apache-2.0
// The different sets of lists that names and ranges are in, each once.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "policy/lists/blob_format.h"

namespace gatehouse::lists {

class GroupTable {
 public:
  std::uint32_t number_of(const Group& group) {
    const auto [found, added] = numbers_.try_emplace(group, groups_.size());
    if (added) groups_.push_back(group);
    return found->second;
  }
  // In the order of their numbers.
  const std::vector<Group>& groups() const { return groups_; }
  // About 100 octets each are in use; more of them than a blob can have are not looked for.
  bool full() const { return groups_.size() >= kMaxGroups; }

 private:
  struct Hash {
    std::size_t operator()(const Group& group) const {
      constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15U;  // 2^64 / golden ratio
      return ((group.self * kOdd + group.below) * kOdd + group.urls) * kOdd >> 20;
    }
  };
  std::unordered_map<Group, std::uint32_t, Hash> numbers_;
  std::vector<Group> groups_;
};

}  // namespace gatehouse::lists
