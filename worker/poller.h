// SPDX-License-Identifier: Apache-2.0
// Readiness of descriptors, as an interface and as an edge-triggered epoll set.
//
// Runs in: the worker. Trusts: the kernel only.
// Invariants:
//  1. A stream is added once and never modified: one epoll_ctl in its whole life. Closing a
//     descriptor does not take it out of the set while another process still holds a copy (the
//     parent does, of evidence), so an event may come for what is gone.
//  2. That is harmless: an event carries index and generation of its slot, and a slot that has been
//     released since has another generation (also within one batch of events).
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gatehouse::worker {

// What may have become possible; flags of a set.
struct Events {
  bool readable = false;
  bool writable = false;
  bool peer_closed = false;  // the peer sends no more (FIN): a short read no longer means drained
  bool broken = false;       // reset; not: both directions regularly closed
};

class EventHandler {
 public:
  // tag: what the handler gave to add().
  virtual void on_events(unsigned tag, Events events) = 0;

 protected:
  ~EventHandler() = default;
};

struct PollSlot {
  static constexpr std::uint32_t kNone = 0xffffffff;
  std::uint32_t index = kNone;
  bool valid() const { return index != kNone; }
};

class Poller {
 public:
  enum class Interest {
    kStream,    // edge-triggered, both directions
    kListener,  // level-triggered, readable
    kMessages,  // edge-triggered, readable
    kSink,      // edge-triggered, writable
  };
  virtual ~Poller() = default;
  // An invalid slot where the kernel has no memory for it.
  virtual PollSlot add(int fd, Interest interest, EventHandler* handler, unsigned tag) = 0;
  // No event reaches the handler after this. The descriptor may be closed before or after.
  virtual void release(PollSlot* slot) = 0;
  // As release(), for a descriptor of which other processes keep copies and that would report
  // again and again: takes it out of the kernel's set. fd must still be open.
  virtual void remove(int fd, PollSlot* slot) = 0;
};

class EpollPoller final : public Poller {
 public:
  static Result<EpollPoller> make();

  PollSlot add(int fd, Interest interest, EventHandler* handler, unsigned tag) override;
  void release(PollSlot* slot) override;
  void remove(int fd, PollSlot* slot) override;

  // Dispatches what is ready now, at most kBatch events, without waiting (timeout 0) or for up to
  // timeout milliseconds. Returns how many events there were.
  static constexpr int kBatch = 256;
  int dispatch(int timeout = 0) {
    const int count = wait(timeout);
    dispatch_events(count);
    return count;
  }
  // The two halves, for who has something to do between them.
  int wait(int timeout);
  void dispatch_events(int count);
  std::size_t slots() const { return slots_.size(); }

 private:
  struct Slot {
    EventHandler* handler;      // nullptr: free
    std::uint32_t generation;   // counts the releases
    std::uint32_t tag_or_next;  // of a free slot: the next free one
  };
  explicit EpollPoller(UniqueFd epoll) : epoll_(std::move(epoll)), events_(kBatch) {}

  UniqueFd epoll_;
  std::vector<Slot> slots_;
  std::vector<epoll_event> events_;
  std::uint32_t free_ = PollSlot::kNone;
};

}  // namespace gatehouse::worker
