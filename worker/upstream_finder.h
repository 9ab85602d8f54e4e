// SPDX-License-Identifier: Apache-2.0
// Finds an upstream connection for one request: asks the parent for the client's own destination,
// resolves a name and races its addresses, or goes through the servers of a group.
//
// Runs in: an Exchange, so that only sessions that are busy have one. Trusts: the parent.
// Invariants:
//  1. busy() from a find until its one answer or cancel(); all questions that are open then are
//     cancelled, and connections that still come for them are closed.
//  2. The answer never comes before the find returns, and is the last thing that the finder does:
//     it may be destroyed by it.
// Not here: which request may go where (worker/session_request.cc), who decides (privileged/).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "proto/log.pb.h"
#include "worker/http/refusal.h"
#include "worker/parent_client.h"
#include "worker/upstream_group.h"
#include "worker/wheel.h"

namespace gatehouse::worker {

struct Workspace;

class FinderClient {
 public:
  virtual void on_upstream(UniqueFd upstream) = 0;
  virtual void on_no_upstream(http::Refusal refusal, wire::Ending ending) = 0;
  // The client connection, the evidence, is no longer open.
  virtual void on_client_gone() = 0;

 protected:
  ~FinderClient() = default;
};

class UpstreamFinder final : private ParentAnswer, private Wheel::Timer {
 public:
  // RFC 8305 5: so long an address gets before the next one is tried beside it.
  static constexpr std::uint64_t kHeadStartMs = 250;
  // Servers of a group that are tried for one request.
  static constexpr std::size_t kServers = 3;
  // The parent gives no more grants for a name.
  static constexpr std::size_t kGrants = 8;

  UpstreamFinder() = default;
  UpstreamFinder(const UpstreamFinder&) = delete;
  UpstreamFinder& operator=(const UpstreamFinder&) = delete;

  // Of all three: client, the evidence, stays the caller's and open while busy().
  // name: what has been found to be the destination's, or empty; must not change while busy().
  void find_original(Workspace& workspace, int client, std::string_view name, FinderClient* asker);
  // host: a name or an IP literal without brackets; must not change while busy().
  void find_host(Workspace& workspace, int client, std::string_view host, std::uint16_t port,
                 FinderClient* asker);
  // failed: servers that have been tried for this request before. False: there is no other one;
  // no answer will come.
  bool find_server(Workspace& workspace, int client, UpstreamGroup& group,
                   std::span<const UpstreamGroup::Index> failed, FinderClient* asker);
  void cancel();

  bool busy() const { return asker_ != nullptr; }
  bool resolving() const { return resolve_ != 0; }
  // After find_server: the server that the connection leads to.
  UpstreamGroup::Index server() const { return tried_[tried_count_ - 1]; }
  // How long a find takes at most if the parent keeps its own time limits.
  std::uint64_t limit_ms() const;

 private:
  void on_connected(Ticket ticket, UniqueFd upstream) override;
  void on_connect_failed(Ticket ticket, int error) override;
  void on_refused(Ticket ticket, wire::Refused::Reason reason) override;
  void on_resolved(const wire::Resolved& resolved) override;
  void on_verified(wire::Verified::Result result) override;
  void on_deadline() override;

  void begin(Workspace& workspace, int client, FinderClient* asker);
  void connect_original();
  void resolve();
  bool try_next();
  bool try_next_grant();
  bool try_next_server();
  void attempt_lost(Ticket ticket, http::Refusal refusal, wire::Ending ending);
  void give_up(http::Refusal refusal, wire::Ending ending);

  Workspace* workspace_ = nullptr;
  FinderClient* asker_ = nullptr;  // nullptr: not busy
  int client_ = -1;
  std::uint16_t port_ = 0;
  std::uint8_t grant_count_ = 0;
  std::uint8_t next_grant_ = 0;
  std::uint8_t tried_count_ = 0;
  std::uint8_t attempts_ = 0;  // under way
  bool resolved_again_ = false;
  bool exhausted_ = false;          // no further address or server would do better
  std::string_view host_;           // empty: find_original or find_server
  std::string_view proved_name_;    // of find_original
  UpstreamGroup* group_ = nullptr;  // of find_server
  Ticket resolve_ = 0;              // the question about the name
  std::array<Ticket, kGrants> tickets_{};
  std::array<std::uint64_t, kGrants> grants_{};
  std::array<UpstreamGroup::Index, kServers> tried_{};
  // Why there is no connection, if none comes.
  http::Refusal refusal_ = http::Refusal::kNone;
  wire::Ending ending_ = wire::REFUSED;
};

}  // namespace gatehouse::worker
