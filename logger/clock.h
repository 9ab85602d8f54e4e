// SPDX-License-Identifier: Apache-2.0
// The kernel's clocks in microseconds.
#pragma once

#include <time.h>

#include <cstdint>

namespace gatehouse::logger {

inline std::uint64_t clock_us(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1000;
}

}  // namespace gatehouse::logger
