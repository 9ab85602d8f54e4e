// SPDX-License-Identifier: Apache-2.0
// The worker as a whole: owns the loop, the pools and all sessions, and does what the parent
// orders.
//
// Runs in: gatehouse-worker, and unconfined in tests. make() does everything that needs more than
// the worker's own filter allows; say_ready() and run() need no more than that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/metrics_page.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "proto/config.pb.h"
#include "worker/event_limit.h"
#include "worker/event_loop.h"
#include "worker/listeners.h"
#include "worker/log_pipe.h"
#include "worker/parent_client.h"
#include "worker/pipe_pool.h"
#include "worker/poller.h"
#include "worker/session.h"
#include "worker/slab.h"
#include "worker/workspace.h"

namespace gatehouse::worker {

struct WorkerParts {
  wire::Config config;
  UniqueFd channel;
  UniqueFd log;
  MetricsPage* metrics;                    // outlives the worker
  std::size_t max_descriptors;             // RLIMIT_NOFILE: bounds the sessions
  std::uint32_t rate_window_ms = 10'000;   // of limits.min_rate; shorter in tests
  std::span<const std::byte> lists = {};   // compiled, of the policy; outlive the worker
  const clients::Page* clients = nullptr;  // the run-time table, outlives the worker; null: none
  // Shared with the other workers, outlives them. Null: the policy must have no limits.
  policy::LimitTable* limits = nullptr;
};

class Worker final : private LoopClient,
                     private SessionOwner,
                     private Acceptor,
                     private ParentOrders {
 public:
  enum Exit : int { kDrained = 0, kParentGone = 1 };

  static Result<std::unique_ptr<Worker>> make(WorkerParts parts);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void say_ready() { parent_.say_ready(); }
  // Returns the exit code once the worker has drained or the parent is gone.
  int run();

  const Workspace& workspace() const { return workspace_; }  // for tests
  std::size_t sessions() const { return sessions_.in_use(); }

 private:
  Worker(WorkerParts parts, EpollPoller poller, PipePool pipes, std::unique_ptr<PolicyHook> policy);

  bool turn(int timeout) override;
  bool tick() override;
  void finish_turn(bool busy);
  void run_yielded();
  void run_deadlines();
  bool needs_tick() const;
  void make_room();
  void end_removed();
  void give_table_to_policy();

  void on_session_over(Session* session) override;
  void on_session_yields(Session* session) override;
  void on_session_idle(Session* session) override;

  bool may_accept() override;
  void on_accepted(UniqueFd client, const SocketAddress& from, std::uint32_t service) override;
  void on_exhausted() override;

  void on_arm(std::uint32_t listener, std::uint32_t service, UniqueFd fd) override;
  void on_disarm(std::uint32_t listener) override;
  void on_drain(std::uint32_t within_ms, bool keep_idle) override;
  void on_new_policy(UniqueFd config, UniqueFd lists) override;
  void on_parent_gone() override;
  void drain_sessions(bool now);
  void stop_when_drained();

  EpollPoller poller_;
  PipePool pipes_;
  ParentClient parent_;
  LogPipe log_;
  Workspace workspace_;
  Listeners listeners_;
  EventLoop loop_;
  Slab<Session> sessions_;
  SessionLink list_;               // those that are idle in the order in which they became so
  std::vector<Session*> yielded_;  // nullptr: over since
  std::size_t max_sessions_;
  std::size_t crowded_above_;    // so many: idle ones make room
  std::size_t making_room_ = 0;  // have been told to, and are not over yet
  EventLimit room_events_;
  std::uint64_t accept_again_ms_ = 0;  // after exhaustion
  std::uint64_t drain_until_ms_ = 0;
  bool overdue_ = false;  // deadlines have passed that the next turn sees to
  // Of exchanges that began before a reload.
  std::vector<std::unique_ptr<PolicyHook>> old_policies_;
  bool stopping_ = false;
  std::uint64_t removals_seen_ = 0;  // of the run-time table
  int exit_code_ = kDrained;
};

}  // namespace gatehouse::worker
