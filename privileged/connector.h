// SPDX-License-Identifier: Apache-2.0
// Makes upstream sockets: binds, connects, confirms, hands over.
//
// Runs in: parent. Trusts: its caller has judged source and target (privileged/broker.h).
// Invariants:
//  1. Only a connected socket leaves: confirmed by a second connect(2), tainted by SO_LOCK_FILTER.
//     (Its holder could re-target an unconnected or connecting one.)
//  2. Every request is answered exactly once, unless its worker is forgotten.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "privileged/loop.h"
#include "privileged/worker_handle.h"

namespace gatehouse::privileged {

class Connector {
 public:
  // The connected socket; or none, with an errno value.
  using Answer = std::function<void(WorkerHandle&, std::uint64_t id, UniqueFd socket, int error)>;

  Connector(Loop& loop, Answer answer) : loop_(loop), answer_(std::move(answer)) {}

  // source: the foreign address to connect from; nothing: an address of this host.
  void connect(WorkerHandle& worker, std::uint64_t id, const std::optional<IpAddress>& source,
               const Endpoint& target, TimePoint deadline);
  // After each turn of the loop: confirms the connections that were begun in it.
  void finish_turn();
  void forget(const WorkerHandle& worker);

  TimePoint next_deadline() const { return next_deadline_; }
  void expire(TimePoint now);

 private:
  struct Pending {
    WorkerHandle* worker;
    std::uint64_t id;
    UniqueFd socket;
    SocketAddress target;
    TimePoint deadline;
    bool watched = false;
  };

  // 0: connected for good; EINPROGRESS: not yet; or why it has failed.
  static int confirm(const Pending& pending);
  void settle(int fd, int error);

  Loop& loop_;
  Answer answer_;
  std::unordered_map<int, Pending> pending_;  // by socket
  std::vector<int> begun_;                    // in this turn
  TimePoint next_deadline_ = TimePoint::max();
};

}  // namespace gatehouse::privileged
