// SPDX-License-Identifier: Apache-2.0
// Counts by a key that strangers choose: of so many keys the first are told apart.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gatehouse::cli {

template <std::size_t kColumns>
class Tally {
 public:
  using Counts = std::array<std::uint64_t, kColumns>;
  static constexpr std::size_t kMaxKeys = 100'000;

  void add(std::string_view key, std::size_t column) {
    auto found = counts_.find(key);
    if (found == counts_.end()) {
      if (counts_.size() >= kMaxKeys) return void(++others_[column]);
      found = counts_.try_emplace(std::string(key)).first;
    }
    ++found->second[column];
  }

  // Of all columns the most first, at most so many; then one without a name for all others, where
  // there are any.
  std::vector<std::pair<std::string, Counts>> top(std::size_t most) const {
    std::vector<std::pair<std::string, Counts>> rows(counts_.begin(), counts_.end());
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      const auto left = sum(a.second), right = sum(b.second);
      return left != right ? left > right : a.first < b.first;
    });
    Counts rest = others_;
    for (std::size_t i = most; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < kColumns; ++j) rest[j] += rows[i].second[j];
    }
    rows.resize(std::min(most, rows.size()));
    if (sum(rest) != 0) rows.emplace_back("", rest);
    return rows;
  }

 private:
  static std::uint64_t sum(const Counts& counts) {
    std::uint64_t all = 0;
    for (const std::uint64_t count : counts) all += count;
    return all;
  }
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, Counts, Hash, std::equal_to<>> counts_;
  Counts others_{};
};

}  // namespace gatehouse::cli
