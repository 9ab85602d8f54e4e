// SPDX-License-Identifier: Apache-2.0
// The life of the workers: canary, start, attestation, arming, dealing of listeners, replacement,
// draining.
//
// Runs in: parent. Trusts: nothing a worker says; the spawner's word on how it ended.
// Invariants:
//  1. No worker gets a listener before its two canaries have died of SIGSYS and /proc has shown it
//     as promised.
//  2. A listener is dealt to at most one worker that accepts; the parent's copy stays open, so what
//     waits in its queue is served by the next holder.
//  3. A message that is wrong for its sender's phase ends the sender.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "ipc/channel.h"
#include "privileged/broker.h"
#include "privileged/config_source.h"
#include "privileged/event_log.h"
#include "privileged/listeners.h"
#include "privileged/logger_link.h"
#include "privileged/resolver_link.h"
#include "privileged/worker_handle.h"
#include "proto/control.pb.h"

namespace gatehouse::privileged {

class Supervisor {
 public:
  struct Needs {
    Loop& loop;
    EventLog& log;
    LoggerLink& logger;
    ResolverLink& resolver;
    int spawner;  // the worker spawner's channel
    int clients;  // the run-time table, read-only
    int proc;     // directory descriptor of /proc
    uid_t worker_uid;
    unsigned inherited_filters;  // seccomp filters that gatehoused was started under
    Floor::Lifted lifted;        // of the floor, by the command line
  };
  explicit Supervisor(Needs needs);

  // Opens what listeners are missing, then replaces every worker by one with this configuration.
  // On an error nothing has changed.
  Status apply(LoadedConfig config);

  void child_exited(const wire::Exited& exited);
  void finish_turn() { broker_.finish_turn(); }
  TimePoint next_deadline() const;
  void expire(TimePoint now);

  // The run-time table names clients whose connections are to be reset.
  void end_connections();

  // Stops accepting; workers finish what they have within the drain time.
  void drain();
  // Ends every worker at once.
  void abandon();
  bool empty() const;
  // Every slot has an armed worker.
  bool ready() const;
  // A canary survived, or a worker was not as promised: confinement does not hold on this host.
  bool unprovable() const { return unprovable_; }

  const Settings& settings() const { return config_.settings; }
  void describe(wire::StatusReply* reply) const;

 private:
  struct Slot {
    Mode mode = Mode::kTransparent;
    UniqueFd metrics;
    std::uint32_t serving = 0;   // armed worker; 0: none
    std::uint32_t starting = 0;  // being proved or started, takes over from serving
    // Canaries still to die, by child: the read end of the pipe in which each says that it has come
    // to its attempt.
    std::map<std::uint32_t, UniqueFd> canaries;
    TimePoint prove_by = TimePoint::max();
    bool wanted = false;
    TimePoint start_at = TimePoint::max();
    std::chrono::milliseconds backoff{0};
  };

  Status check_endpoints(const Settings& settings) const;

  // supervisor_slots.cc
  Status make_slots(const Settings& settings);
  void prove(unsigned slot);
  bool canary_exited(const wire::Exited& exited);  // false: it was none
  void drop_canaries(Slot& slot);
  void start(unsigned slot);
  bool spawn(const Slot& slot, std::uint32_t child, unsigned canary, int channel, int log_pipe);
  void slot_failed(unsigned slot, TimePoint since);
  void expire_slots(TimePoint now);

  void kill(std::uint32_t child) { kill_child(needs_.spawner, child); }
  void on_channel(std::uint32_t child);
  // False: the worker was ended.
  bool handle(WorkerHandle& worker, ipc::Message& message);
  bool handle(WorkerHandle& worker, const wire::Requests& requests, ipc::Message& message);
  void on_ready(WorkerHandle& worker, pid_t pid);
  void violation(WorkerHandle& worker, std::string_view why);
  void end(WorkerHandle& worker);
  void begin_drain(WorkerHandle& worker, bool keep_idle);
  void renew_policy(WorkerHandle& worker);

  // supervisor_listeners.cc
  void deal();
  void deal(Mode mode);
  void arm(Listener& listener, WorkerHandle& worker);

  WorkerHandle* find(std::uint32_t child);

  Needs needs_;
  Broker broker_;
  LoadedConfig config_;
  std::shared_ptr<const Settings> generation_;  // a copy for the workers that start with it
  std::vector<Listener> listeners_;
  std::vector<Slot> slots_;
  UniqueFd limits_;  // one table for all workers, for as long as the gateway runs
  std::unordered_map<std::uint32_t, std::unique_ptr<WorkerHandle>> workers_;
  std::uint32_t last_child_ = 0;
  TimePoint deal_at_ = TimePoint::max();  // what a full queue did not take
  bool draining_ = false;
  bool unprovable_ = false;
  bool announced_ = false;
  std::uint64_t violations_ = 0;
  std::uint64_t restarts_ = 0;
};

}  // namespace gatehouse::privileged
