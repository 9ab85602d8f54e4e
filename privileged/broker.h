// SPDX-License-Identifier: Apache-2.0
// Decides what a worker may be connected to, by kernel evidence and configuration.
//
// Runs in: parent. Trusts: nothing in a request but the kernel's word on the descriptor that comes
// with it (privileged/evidence.h). No worker ever supplies an address.
// Invariants:
//  1. A worker asks only in the way of its mode, with a client of a listener of its mode.
//  2. Policy, floors and quota are soft answers; forged evidence is a violation.
//  3. At most kMaxOutstanding requests of a worker are under way.
//  4. A request of a batch is judged by itself: by its own descriptor, and by what those before it
//     have used up. Nothing that one of them says holds for another.
// Not here: how the socket is made (privileged/connector.h).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "privileged/connector.h"
#include "privileged/event_log.h"
#include "privileged/evidence.h"
#include "privileged/floor.h"
#include "privileged/resolver_link.h"
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
  };
  // Called when a worker has broken the boundary; ends it.
  using Violation = std::function<void(WorkerHandle&, std::string_view why)>;
  // Nothing where the worker is gone.
  using Find = std::function<WorkerHandle*(std::uint32_t child)>;

  Broker(Loop& loop, EventLog& log, ResolverLink& resolver, Floor floor, Violation violation,
         Find find);

  // settings must outlive the broker's use of it; netns of any listener of ours.
  void configure(const Settings* settings, std::uint64_t own_netns);

  // A request in an allowed phase, with its evidence.
  void handle(WorkerHandle& worker, const wire::Request& request, UniqueFd client);
  // After each turn of the loop: confirms what was begun in it, and sends its answers.
  void finish_turn();
  // The worker is gone: its connections, under way or not handed over yet, are closed.
  void forget(WorkerHandle& worker);

  TimePoint next_deadline() const { return connector_.next_deadline(); }
  void expire(TimePoint now) { connector_.expire(now); }

  const Counters& counters() const { return counters_; }

 private:
  using Reason = wire::Refused::Reason;

  void connect(WorkerHandle& worker, std::uint64_t id, const wire::Connect& request,
               const Evidence& evidence);
  void resolve(WorkerHandle& worker, std::uint64_t id, const std::string& name,
               const Evidence& evidence);
  void resolved(WorkerHandle& worker, std::uint64_t id, const Evidence& evidence,
                const std::vector<IpAddress>& addresses, std::chrono::seconds ttl, bool proves);

  // UNSPECIFIED where nothing speaks against it; each fills *target and *source.
  Reason judge_client(WorkerHandle& worker, const Evidence& evidence, TimePoint now);
  Reason judge_original(const Evidence& evidence, TimePoint now);
  Reason judge_address(const IpAddress& address, TimePoint now);
  Reason judge_grant(const WorkerHandle& worker, const wire::ForwardGrant& request,
                     const Evidence& evidence, TimePoint now, Endpoint* target);
  Reason judge_egress(const IpAddress& address, TimePoint now);
  Reason judge_endpoint(const WorkerHandle& worker, std::uint32_t id, const Evidence& evidence,
                        Endpoint* target, bool* keep_source);
  Reason judge_policy(const WorkerHandle& worker, const Evidence& evidence, const Endpoint& target,
                      TimePoint now) const;
  bool take_token(WorkerHandle& worker, std::uint64_t cookie, TimePoint now);

  void connected(WorkerHandle& worker, std::uint64_t id, UniqueFd socket, int error);
  wire::Reply& answer(WorkerHandle& worker, std::uint64_t id);
  void send_replies(WorkerHandle& worker);
  void refuse(WorkerHandle& worker, std::uint64_t id, Reason reason, const Evidence& evidence,
              const Endpoint& target);

  EventLog& log_;
  ResolverLink& resolver_;
  Floor floor_;
  Violation violation_;
  Find find_;
  Connector connector_;
  const Settings* settings_ = nullptr;
  std::uint64_t own_netns_ = 0;
  std::uint64_t last_grant_ = 0;
  std::vector<std::uint32_t> unsent_;  // children with answers of this turn
  Counters counters_;
};

}  // namespace gatehouse::privileged
