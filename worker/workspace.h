// SPDX-License-Identifier: Apache-2.0
// What all sessions of a worker share: memory, pools, clock, settings, counters. One thread, so
// one of each; nothing in `scratch` or `head` survives the step that filled it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics_page.h"
#include "policy/clients/clients_view.h"
#include "policy/limits/limit_table.h"
#include "proto/config.pb.h"
#include "worker/buffer.h"
#include "worker/clock.h"
#include "worker/connection.h"
#include "worker/event_limit.h"
#include "worker/exchange.h"
#include "worker/host_check.h"
#include "worker/http/error_template.h"
#include "worker/http/head_parser.h"
#include "worker/limit_holds.h"
#include "worker/log_pipe.h"
#include "worker/parent_client.h"
#include "worker/pipe_pool.h"
#include "worker/poller.h"
#include "worker/reference.h"
#include "worker/service.h"
#include "worker/slab.h"
#include "worker/source_table.h"
#include "worker/upstream_group.h"
#include "worker/wheel.h"

namespace gatehouse::worker {

class PolicyHook;
class Session;

// What a session asks of the worker that holds it.
class SessionOwner {
 public:
  // The session has closed both its connections and is destroyed by this call.
  virtual void on_session_over(Session* session) = 0;
  // The session has used up its share of this turn and wants run() in the next.
  virtual void on_session_yields(Session* session) = 0;
  // An exchange has ended and the client may ask for another.
  virtual void on_session_idle(Session* session) = 0;

 protected:
  ~SessionOwner() = default;
};

struct Workspace {
  static constexpr std::size_t kScratch = 256 * 1024;
  // A head can't grow by more than Via, framing, Connection and Host fields when it is rewritten,
  // an echoed or refused one by a page.
  static constexpr std::size_t kHeadSpace = 2 * http::kMaxHead;

  Workspace(const wire::Config& settings, Poller* p, ParentClient* up, LogPipe* l, PipePool* pp,
            MetricsPage* m, SessionOwner* o);
  ~Workspace();

  wire::Config config;
  http::HeadLimits head_limits;
  std::string via_in_requests;  // empty: no Via
  std::string via_in_responses;
  bool logging;
  bool draining = false;      // the next response of each client says that it is the last
  bool closing_idle = false;  // and who waits for no response is closed

  Poller* poller;
  ParentClient* parent;
  LogPipe* log;
  PipePool* pipes;
  MetricsPage* metrics;
  SessionOwner* owner;

  std::vector<std::unique_ptr<UpstreamGroup>> groups;  // as Config.upstreams
  // name: of a rule, so it is there.
  UpstreamGroup* group_named(std::string_view name) const;
  std::vector<Service> services;  // as Config.listeners
  http::ErrorTemplate error_template;
  std::unique_ptr<PolicyHook> policy;           // null: everything acceptable is allowed
  std::optional<clients::ClientsView> clients;  // none in tests
  policy::LimitTable* limits = nullptr;         // of all workers; there where the policy has limits
  LimitHolds limit_holds;
  std::uint32_t rate_window_ms = 10'000;  // over which limits.min_rate is measured
  SourceTable sources;
  References references;
  EventLimit proxy_events;
  EventLimit source_events;

  Clock clock;
  Wheel wheel;
  HostChecks host_checks;
  BlockPool blocks;
  ExchangePool exchanges;
  Slab<http::HeadParser, 16> parsers;  // of heads that arrive in pieces
  http::HeadParser request_parser;
  http::HeadParser response_parser;
  std::uint64_t exchange_count = 0;
  // Empty, and for one writev.
  Parts& fresh_parts() {
    parts.clear();
    return parts;
  }

  Parts parts;
  std::unique_ptr<std::array<char, kScratch>> scratch;
  std::unique_ptr<std::array<char, kHeadSpace>> head;
};

}  // namespace gatehouse::worker
