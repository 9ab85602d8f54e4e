// SPDX-License-Identifier: Apache-2.0
// Sets of numbers as ranges, so that "in this and not in that" is computed exactly.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace gatehouse::squid {

template <class Number>
class IntervalSet {
 public:
  using Range = std::pair<Number, Number>;  // first, last

  // most: the greatest number that there is.
  explicit IntervalSet(Number most) : most_(most) {}
  static IntervalSet all(Number most) {
    IntervalSet set(most);
    set.add(0, most);
    return set;
  }

  void add(Number first, Number last) {
    ranges_.emplace_back(first, last);
    std::sort(ranges_.begin(), ranges_.end());
    std::vector<Range> merged;
    for (const Range& range : ranges_) {
      const bool touches = !merged.empty() && (merged.back().second == most_ ||
                                               range.first <= merged.back().second + 1);
      if (touches) {
        merged.back().second = std::max(merged.back().second, range.second);
      } else {
        merged.push_back(range);
      }
    }
    ranges_ = std::move(merged);
  }

  IntervalSet complement() const {
    IntervalSet result(most_);
    Number next = 0;
    for (const Range& range : ranges_) {
      if (range.first > next) result.ranges_.emplace_back(next, range.first - 1);
      if (range.second == most_) return result;
      next = range.second + 1;
    }
    result.ranges_.emplace_back(next, most_);
    return result;
  }

  IntervalSet intersection(const IntervalSet& other) const {
    IntervalSet result(most_);
    for (auto a = ranges_.begin(), b = other.ranges_.begin();
         a != ranges_.end() && b != other.ranges_.end();) {
      const Number first = std::max(a->first, b->first), last = std::min(a->second, b->second);
      if (first <= last) result.ranges_.emplace_back(first, last);
      a->second < b->second ? ++a : ++b;
    }
    return result;
  }

  bool empty() const { return ranges_.empty(); }
  bool is_all() const {
    return ranges_.size() == 1 && ranges_[0].first == 0 && ranges_[0].second == most_;
  }
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  Number most_;
  std::vector<Range> ranges_;  // sorted, apart from each other
};

}  // namespace gatehouse::squid
