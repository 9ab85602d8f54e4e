// SPDX-License-Identifier: Apache-2.0
// The parent's event loop: level-triggered epoll(7), one handler a descriptor.
//
// Runs in: parent. Invariants:
//  1. A handler may remove any descriptor, its own included; an event that was already fetched for
//     a removed descriptor reaches nobody (generation in the event's data).
//  2. Nothing here blocks but wait().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gatehouse::privileged {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

class Loop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;

  static Result<Loop> make();

  // The descriptor stays the caller's; remove() it before closing.
  Status add(int fd, std::uint32_t events, Handler handler);
  void remove(int fd);

  // Waits for events until deadline (TimePoint::max(): for ever) and runs their handlers.
  void wait(TimePoint deadline);

 private:
  struct Entry {
    std::uint32_t generation = 0;
    Handler handler;
  };

  UniqueFd epoll_;
  std::vector<Entry> entries_;  // by descriptor
};

}  // namespace gatehouse::privileged
