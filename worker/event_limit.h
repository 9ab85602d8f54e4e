// SPDX-License-Identifier: Apache-2.0
// Keeps what strangers can cause from filling the operational log: one line in ten seconds, which
// says how many it stands for.
#pragma once

#include <cstdint>

namespace gatehouse::worker {

class EventLimit {
 public:
  static constexpr std::uint64_t kEveryMs = 10'000;

  // One more. How many a line that is written now stands for; 0: none is due.
  std::uint64_t count(std::uint64_t now_ms) {
    ++waiting_;
    if (shown_ && now_ms - shown_ms_ < kEveryMs) return 0;
    shown_ = true;
    shown_ms_ = now_ms;
    const std::uint64_t result = waiting_;
    waiting_ = 0;
    return result;
  }

 private:
  bool shown_ = false;
  std::uint64_t shown_ms_ = 0;
  std::uint64_t waiting_ = 0;
};

}  // namespace gatehouse::worker
