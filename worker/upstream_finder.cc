// SPDX-License-Identifier: Apache-2.0
#include "worker/upstream_finder.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "worker/workspace.h"

namespace gatehouse::worker {
namespace {

// The parent's own limits come first.
constexpr std::uint64_t kGraceMs = 1000;
constexpr std::uint64_t kResolveMs = 30'000;

http::Refusal refusal_for(wire::Refused::Reason reason) {
  switch (reason) {
    case wire::Refused::FLOOR:
    case wire::Refused::PORT:
      return http::Refusal::kDestinationForbidden;
    case wire::Refused::PRIVATE:
      return http::Refusal::kPrivateForbidden;
    case wire::Refused::POLICY:
    case wire::Refused::UNPROVED:
      return http::Refusal::kPolicyFloor;
    case wire::Refused::LOCAL:
      return http::Refusal::kLoop;
    case wire::Refused::CLIENT:
      return http::Refusal::kClientForbidden;
    case wire::Refused::QUOTA:
      return http::Refusal::kQuota;
    case wire::Refused::NAME:
      return http::Refusal::kNameUnresolved;
    case wire::Refused::GRANT:
      return http::Refusal::kConnectFailed;
    default:  // BUSY, and what a later parent may add
      return http::Refusal::kOverload;
  }
}

// Another address may be allowed where this one is not; the other reasons hold for all of them.
bool is_about_one_address(wire::Refused::Reason reason) {
  return reason == wire::Refused::FLOOR || reason == wire::Refused::PRIVATE ||
         reason == wire::Refused::LOCAL || reason == wire::Refused::GRANT ||
         reason == wire::Refused::POLICY;
}

wire::Ending ending_for(wire::Refused::Reason reason) {
  const bool failed = reason == wire::Refused::NAME || reason == wire::Refused::GRANT;
  return failed ? wire::UPSTREAM_FAILED : wire::REFUSED;
}

}  // namespace

void UpstreamFinder::begin(Workspace& workspace, int client, FinderClient* asker) {
  CHECK(!busy());
  workspace_ = &workspace;
  client_ = client;
  asker_ = asker;
  host_ = proved_name_ = {};
  group_ = nullptr;
  grant_count_ = next_grant_ = tried_count_ = attempts_ = 0;
  resolved_again_ = exhausted_ = false;
  refusal_ = http::Refusal::kNone;
}

void UpstreamFinder::find_original(Workspace& workspace, int client, std::string_view name,
                                   FinderClient* asker) {
  begin(workspace, client, asker);
  proved_name_ = name;
  connect_original();
}

void UpstreamFinder::connect_original() {
  MetricsPage::add(workspace_->metrics->upstream_connects);
  tickets_[0] = workspace_->parent->connect(client_, this);
  attempts_ = 1;
}

void UpstreamFinder::find_host(Workspace& workspace, int client, std::string_view host,
                               std::uint16_t port, FinderClient* asker) {
  begin(workspace, client, asker);
  host_ = host;
  port_ = port;
  resolve();
}

bool UpstreamFinder::find_server(Workspace& workspace, int client, UpstreamGroup& group,
                                 std::span<const UpstreamGroup::Index> failed,
                                 FinderClient* asker) {
  begin(workspace, client, asker);
  group_ = &group;
  for (const UpstreamGroup::Index server : failed) {
    if (tried_count_ < kServers) tried_[tried_count_++] = server;
  }
  if (try_next_server()) return true;
  asker_ = nullptr;
  return false;
}

void UpstreamFinder::cancel() {
  if (!busy()) return;
  workspace_->parent->cancel(std::exchange(resolve_, 0));
  for (Ticket& ticket : tickets_) workspace_->parent->cancel(std::exchange(ticket, 0));
  attempts_ = 0;
  workspace_->wheel.disarm(this);
  asker_ = nullptr;
}

std::uint64_t UpstreamFinder::limit_ms() const {
  const std::uint64_t connect = workspace_->config.timeouts().connect_ms();
  if (!host_.empty()) return kResolveMs + kGrants * kHeadStartMs + connect + kGraceMs;
  return (group_ != nullptr ? kServers * connect : connect) + kGraceMs;
}

void UpstreamFinder::resolve() {
  grant_count_ = next_grant_ = attempts_ = 0;
  resolve_ = workspace_->parent->resolve(client_, host_, this);
}

void UpstreamFinder::on_resolved(const wire::Resolved& resolved) {
  resolve_ = 0;
  for (const auto& grant : resolved.grants()) {
    if (grant_count_ < kGrants) grants_[grant_count_++] = grant.grant();
  }
  if (!try_next_grant()) give_up(http::Refusal::kNameUnresolved, wire::UPSTREAM_FAILED);
}

// To where the client wanted to go, for a name that is its again.
void UpstreamFinder::on_verified(wire::Verified::Result result) {
  resolve_ = 0;
  if (proved_name_.empty() || result != wire::Verified::MATCH) {
    return give_up(http::Refusal::kPolicyFloor, wire::REFUSED);
  }
  connect_original();
}

bool UpstreamFinder::try_next() {
  if (exhausted_) return false;
  return group_ != nullptr ? try_next_server() : try_next_grant();
}

// RFC 8305 5: the next address beside those that have not answered yet.
bool UpstreamFinder::try_next_grant() {
  if (next_grant_ == grant_count_) return false;
  MetricsPage::add(workspace_->metrics->upstream_connects);
  tickets_[next_grant_] =
      workspace_->parent->connect_granted(client_, grants_[next_grant_], port_, this);
  ++next_grant_;
  ++attempts_;
  if (next_grant_ < grant_count_) {
    workspace_->wheel.arm(this, workspace_->clock.now_ms(), kHeadStartMs);
  }
  return true;
}

bool UpstreamFinder::try_next_server() {
  if (tried_count_ == kServers) return false;
  const auto server = group_->pick({tried_.data(), tried_count_}, workspace_->clock.now_ms());
  if (!server) return false;
  tried_[tried_count_++] = *server;
  MetricsPage::add(workspace_->metrics->upstream_connects);
  tickets_[0] = workspace_->parent->connect_server(client_, group_->id(*server), this);
  attempts_ = 1;
  return true;
}

void UpstreamFinder::on_deadline() { (void)try_next_grant(); }

void UpstreamFinder::on_connected(Ticket ticket, UniqueFd upstream) {
  std::replace(tickets_.begin(), tickets_.end(), ticket, Ticket{0});
  FinderClient* const asker = asker_;
  cancel();
  asker->on_upstream(std::move(upstream));
}

void UpstreamFinder::on_connect_failed(Ticket ticket, int error) {
  if (group_ != nullptr) {
    group_->note_failure(server(), error == ETIMEDOUT ? "no connection in time" : "no connection",
                         workspace_->clock.now_ms());
  }
  // Of several reasons the last failure is told, whatever was refused besides.
  refusal_ = http::Refusal::kNone;
  attempt_lost(ticket,
               error == ETIMEDOUT ? http::Refusal::kConnectTimeout : http::Refusal::kConnectFailed,
               wire::UPSTREAM_FAILED);
}

void UpstreamFinder::on_refused(Ticket ticket, wire::Refused::Reason reason) {
  if (reason == wire::Refused::CLIENT_GONE) {
    FinderClient* const asker = asker_;
    cancel();
    return asker->on_client_gone();
  }
  if (ticket == resolve_) {
    resolve_ = 0;
    return give_up(refusal_for(reason), ending_for(reason));
  }
  if (reason == wire::Refused::GRANT && !host_.empty() && !std::exchange(resolved_again_, true)) {
    // It has expired, or was displaced by others: ask for new ones, once.
    for (Ticket& other : tickets_) workspace_->parent->cancel(std::exchange(other, 0));
    workspace_->wheel.disarm(this);
    return resolve();
  }
  if (reason == wire::Refused::UNPROVED && !proved_name_.empty() &&
      !std::exchange(resolved_again_, true)) {
    // The parent remembers the names of the latest client connections only.
    tickets_[0] = 0;
    attempts_ = 0;
    resolve_ = workspace_->parent->resolve(client_, proved_name_, this);
    return;
  }
  if (!is_about_one_address(reason)) {
    exhausted_ = true;
    workspace_->wheel.disarm(this);
  }
  attempt_lost(ticket, refusal_for(reason), ending_for(reason));
}

// The others go on; the next one starts at once.
void UpstreamFinder::attempt_lost(Ticket ticket, http::Refusal refusal, wire::Ending ending) {
  std::replace(tickets_.begin(), tickets_.end(), ticket, Ticket{0});
  --attempts_;
  if (refusal_ == http::Refusal::kNone) {
    refusal_ = refusal;
    ending_ = ending;
  }
  if (try_next() || attempts_ > 0) return;
  give_up(refusal_, ending_);
}

void UpstreamFinder::give_up(http::Refusal refusal, wire::Ending ending) {
  FinderClient* const asker = asker_;
  cancel();
  asker->on_no_upstream(refusal, ending);
}

}  // namespace gatehouse::worker
