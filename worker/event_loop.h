// SPDX-License-Identifier: Apache-2.0
// The worker's loop. The wait itself is in the worker's own event set (worker/poller.h says why
// there is one); Boost.Asio carries the tick, and runs when that is due. With the set nested in
// Asio's, each wait cost two more epoll_wait and an epoll_ctl: 3.6 us of a new connection.
//
// Not here: what a turn does (worker/worker.h).
#pragma once

#include <memory>

namespace gatehouse::worker {

class LoopClient {
 public:
  // Waits for up to timeout milliseconds (-1: without end) until something is ready, and handles
  // it. True: more may be ready or remains to be done, so that the next turn should not wait.
  virtual bool turn(int timeout) = 0;
  // kTickMs have passed. Returns whether another tick is needed.
  virtual bool tick() = 0;

 protected:
  ~LoopClient() = default;
};

class EventLoop {
 public:
  // Makes Asio's descriptors: everything that is needed before confinement.
  explicit EventLoop(LoopClient* client);
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
