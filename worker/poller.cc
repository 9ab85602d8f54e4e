// SPDX-License-Identifier: Apache-2.0
#include "worker/poller.h"

namespace gatehouse::worker {
namespace {

std::uint32_t epoll_flags(Poller::Interest interest) {
  switch (interest) {
    case Poller::Interest::kStream:
      return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    case Poller::Interest::kListener:
      return EPOLLIN;
    case Poller::Interest::kMessages:
      return EPOLLIN | EPOLLRDHUP | EPOLLET;
    case Poller::Interest::kSink:
      return EPOLLOUT | EPOLLET;
  }
  return 0;
}

Events from_epoll(std::uint32_t flags) {
  Events events;
  events.broken = (flags & EPOLLERR) != 0;
  events.peer_closed = (flags & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  events.readable = (flags & EPOLLIN) != 0 || events.peer_closed;
  events.writable = (flags & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  return events;
}

}  // namespace

Result<EpollPoller> EpollPoller::make() {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return errno_error("making the worker's event set (epoll_create1)");
  return EpollPoller(std::move(epoll));
}

PollSlot EpollPoller::add(int fd, Interest interest, EventHandler* handler, unsigned tag) {
  if (free_ == PollSlot::kNone) {
    slots_.push_back(Slot{nullptr, 0, PollSlot::kNone});
    free_ = static_cast<std::uint32_t>(slots_.size() - 1);
  }
  Slot& slot = slots_[free_];
  epoll_event event{};
  event.events = epoll_flags(interest);
  event.data.u64 = static_cast<std::uint64_t>(slot.generation) << 32 | free_;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return {};
  const std::uint32_t index = free_;
  free_ = slot.tag_or_next;
  slot.handler = handler;
  slot.tag_or_next = tag;
  return PollSlot{index};
}

void EpollPoller::release(PollSlot* slot) {
  if (!slot->valid()) return;
  Slot& entry = slots_[slot->index];
  CHECK(entry.handler != nullptr);
  entry.handler = nullptr;
  ++entry.generation;
  entry.tag_or_next = free_;
  free_ = slot->index;
  slot->index = PollSlot::kNone;
}

void EpollPoller::remove(int fd, PollSlot* slot) {
  if (!slot->valid()) return;
  epoll_event unused{};
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &unused);
  release(slot);
}

int EpollPoller::wait(int timeout) {
  const int n = epoll_wait(epoll_.get(), events_.data(), kBatch, timeout);
  return n < 0 ? 0 : n;  // EINTR only: no signal handler exists
}

void EpollPoller::dispatch_events(int count) {
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint32_t>(events_[i].data.u64);
    const auto generation = static_cast<std::uint32_t>(events_[i].data.u64 >> 32);
    // A copy: the handler may add descriptors and so move the table.
    const Slot slot = slots_[index];
    if (slot.handler == nullptr || slot.generation != generation) continue;
    slot.handler->on_events(slot.tag_or_next, from_epoll(events_[i].events));
  }
}

}  // namespace gatehouse::worker
