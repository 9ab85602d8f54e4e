// SPDX-License-Identifier: Apache-2.0
// The worker's loop: Boost.Asio carries the tick timer and waits for the worker's own event set,
// which is nested in its io_context by one async_wait (worker/poller.h says why there is one).
//
// Not here: what a turn does (worker/worker.h).
#pragma once

#include <memory>

#include "base/unique_fd.h"

namespace gatehouse::worker {

class LoopClient {
 public:
  // Handles what is ready without waiting; true: more may be ready or remains to be done, so that
  // another turn is worth it before waiting.
  virtual bool turn() = 0;
  // kTickMs have passed. Returns whether another tick is needed.
  virtual bool tick() = 0;

 protected:
  ~LoopClient() = default;
};

class EventLoop {
 public:
  // Makes Asio's descriptors and begins the wait: everything that is needed before confinement.
  // event_set: the descriptor of the nested set, which stays the caller's.
  EventLoop(int event_set, LoopClient* client);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Returns after stop().
  void run();
  void stop();
  // Makes sure that a tick comes; no cost when one is under way.
  void need_tick();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::worker
