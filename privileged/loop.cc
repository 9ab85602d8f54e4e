// SPDX-License-Identifier: Apache-2.0
#include "privileged/loop.h"

#include <sys/epoll.h>

#include <algorithm>

namespace gatehouse::privileged {

Result<Loop> Loop::make() {
  Loop loop;
  loop.epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!loop.epoll_.valid()) return errno_error("making the event loop (epoll_create1)");
  return loop;
}

Status Loop::add(int fd, std::uint32_t events, Handler handler) {
  if (static_cast<std::size_t>(fd) >= entries_.size())
    entries_.resize(static_cast<std::size_t>(fd) + 64);
  Entry& entry = entries_[static_cast<std::size_t>(fd)];
  const std::uint32_t generation = entry.generation + 1;
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<std::uint64_t>(generation) << 32 | static_cast<unsigned>(fd);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return errno_error("watching a descriptor");
  entry.generation = generation;
  entry.handler = std::move(handler);
  return ok();
}

void Loop::remove(int fd) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  Entry& entry = entries_[static_cast<std::size_t>(fd)];
  ++entry.generation;
  entry.handler = nullptr;
}

void Loop::wait(TimePoint deadline) {
  int timeout = -1;
  if (deadline != TimePoint::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    timeout = static_cast<int>(std::clamp<long long>(left, 0, 60'000));
  }
  epoll_event events[64];
  const int count = epoll_wait(epoll_.get(), events, 64, timeout);
  for (int i = 0; i < count; ++i) {
    const auto fd = static_cast<std::uint32_t>(events[i].data.u64);
    const auto generation = static_cast<std::uint32_t>(events[i].data.u64 >> 32);
    if (entries_[fd].generation != generation) continue;
    const Handler handler = entries_[fd].handler;  // it may remove itself
    handler(events[i].events);
  }
}

}  // namespace gatehouse::privileged
