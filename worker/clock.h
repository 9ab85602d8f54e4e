// SPDX-License-Identifier: Apache-2.0
// The time of this turn of the loop: read once a turn, so that no request pays for it.
#pragma once

#include <cstdint>
#include <ctime>

namespace gatehouse::worker {

class Clock {
 public:
  Clock() { refresh(); }
  // Called at the beginning of a turn, and where a duration needs it.
  void refresh() { now_us_ = read(CLOCK_MONOTONIC); }
  std::uint64_t now_us() const { return now_us_; }
  std::uint64_t now_ms() const { return now_us_ / 1000; }
  // Microseconds since 1970, for log records only.
  static std::uint64_t wall_us() { return read(CLOCK_REALTIME); }

 private:
  static std::uint64_t read(clockid_t id) {
    timespec t{};
    clock_gettime(id, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(t.tv_nsec) / 1000;
  }
  std::uint64_t now_us_ = 0;
};

}  // namespace gatehouse::worker
