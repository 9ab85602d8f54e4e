// SPDX-License-Identifier: Apache-2.0
// Makes upstream connections for workers that prove that a client asked for them.
//
// Runs in: parent. Trusts: nothing in a request but the kernel's word on the descriptor that comes
// with it (privileged/evidence.h). No worker ever supplies an address.
// Invariants:
//  1. Only a connected socket leaves: confirmed by a second connect(2), tainted by SO_LOCK_FILTER.
//     (An unconnected or connecting one could be re-targeted by its holder.)
//  2. Policy, floor and quota are soft answers; forged evidence is a violation.
//  3. At most kMaxOutstanding requests of a worker are under way.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "ipc/channel.h"
#include "privileged/event_log.h"
#include "privileged/evidence.h"
#include "privileged/floor.h"
#include "privileged/loop.h"
#include "privileged/settings.h"
#include "privileged/worker_handle.h"
#include "proto/from_worker.pb.h"
#include "proto/to_worker.pb.h"

namespace gatehouse::privileged {

class Broker {
 public:
  struct Counters {
    std::uint64_t connects = 0;
    std::uint64_t refusals = 0;
    std::uint64_t failures = 0;
  };
  // Called when a worker has broken the boundary; ends it.
  using Violation = std::function<void(WorkerHandle&, std::string_view why)>;

  Broker(Loop& loop, EventLog& log, Floor floor, Violation violation)
      : loop_(loop), log_(log), floor_(std::move(floor)), violation_(std::move(violation)) {}

  // settings must outlive the broker's use of it; netns of any listener of ours.
  void configure(const Settings* settings, std::uint64_t own_netns);

  // A Connect or Reset in an allowed phase, with its descriptors.
  void handle(WorkerHandle& worker, const wire::FromWorker& request, ipc::Message& message);
  // After each turn of the loop: confirms the connections that were begun in it.
  void finish_turn();
  // The worker is gone: its connections under way are closed.
  void forget(WorkerHandle& worker);

  // When expire() wants to be called.
  TimePoint next_deadline() const { return next_deadline_; }
  void expire(TimePoint now);

  const Counters& counters() const { return counters_; }

 private:
  struct Pending {
    WorkerHandle* worker;
    std::uint64_t id;
    UniqueFd socket;
    SocketAddress target;
    Evidence evidence;
    TimePoint deadline;
    bool watched = false;
  };

  void connect(WorkerHandle& worker, std::uint64_t id, UniqueFd client);
  void reset(WorkerHandle& worker, std::uint64_t id, UniqueFd client);
  bool examine_or_end(WorkerHandle& worker, int fd, Evidence* evidence, bool* gone);
  wire::Refused::Reason judge(WorkerHandle& worker, const Evidence& evidence, TimePoint now);
  bool take_token(WorkerHandle& worker, std::uint64_t cookie, TimePoint now);
  Result<UniqueFd> begin(const Evidence& evidence, const SocketAddress& target) const;
  // True when the connection is made or has failed, and has been answered.
  bool confirm(Pending& pending, bool writable);

  void answer(WorkerHandle& worker, const wire::ToWorker& message, int fd = -1);
  void refuse(WorkerHandle& worker, std::uint64_t id, wire::Refused::Reason reason,
              const Evidence* evidence);
  void fail(WorkerHandle& worker, std::uint64_t id, int error);

  Loop& loop_;
  EventLog& log_;
  Floor floor_;
  Violation violation_;
  const Settings* settings_ = nullptr;
  std::uint64_t own_netns_ = 0;
  std::unordered_map<int, std::unique_ptr<Pending>> pending_;  // by socket
  std::vector<int> begun_;                                     // in this turn
  TimePoint next_deadline_ = TimePoint::max();
  Counters counters_;
};

}  // namespace gatehouse::privileged
