// SPDX-License-Identifier: Apache-2.0
// The listening sockets that the parent has dealt to this worker.
//
// Invariants:
//  1. The parent keeps a copy of every listener: one that is not wanted must leave the event set,
//     closing it is not enough.
//  2. A pause (too many connections, no descriptors left) costs nothing until resume().
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/address.h"
#include "base/unique_fd.h"
#include "worker/poller.h"

namespace gatehouse::worker {

class Acceptor {
 public:
  // Asked before each accept4; false pauses the listeners until resume().
  virtual bool may_accept() = 0;
  // from: of accept4(2); service: what arm() was given.
  virtual void on_accepted(UniqueFd client, const SocketAddress& from, std::uint32_t service) = 0;
  // accept4 failed for want of descriptors or memory; the listeners pause until resume().
  virtual void on_exhausted() = 0;

 protected:
  ~Acceptor() = default;
};

class Listeners final : private EventHandler {
 public:
  // Accepted from one listener before others get their turn.
  // With several sockets an address there is mostly one: asking again would be in vain.
  static constexpr int kAcceptsPerWake = 1;

  Listeners(Poller* poller, Acceptor* acceptor) : poller_(poller), acceptor_(acceptor) {}
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;
  ~Listeners() { close_all(); }

  void arm(std::uint32_t index, std::uint32_t service, UniqueFd fd);
  void disarm(std::uint32_t index);
  void close_all();
  void pause();
  void resume();
  bool paused() const { return paused_; }
  std::size_t count() const { return listeners_.size(); }

 private:
  struct Listener {
    std::uint32_t index;
    std::uint32_t service;  // index into Config.listeners
    UniqueFd fd;
    PollSlot slot;
  };
  void on_events(unsigned tag, Events events) override;
  void watch(Listener* listener);

  Poller* poller_;
  Acceptor* acceptor_;
  std::vector<Listener> listeners_;
  bool paused_ = false;
};

}  // namespace gatehouse::worker
