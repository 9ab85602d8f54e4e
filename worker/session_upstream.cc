// SPDX-License-Identifier: Apache-2.0
// The upstream connection of a request: may it go where it wants to, does the connection that is
// there serve it, and what if that dies before it has answered.
#include <algorithm>
#include <array>
#include <utility>

#include "worker/http/head_writer.h"
#include "worker/http/scan.h"
#include "worker/policy_hook.h"
#include "worker/session.h"
#include "worker/workspace.h"

namespace gatehouse::worker {
namespace {

// Of http, the only scheme that is forwarded (RFC 9110 4.2.1).
constexpr std::uint16_t kDefaultPort = 80;

// RFC 9110 9.3.6: the tunnel begins right behind the empty line.
constexpr std::string_view kConnectAnswer = "HTTP/1.1 200 Connection established\r\n\r\n";

// RFC 9110 9.2.2.
bool is_idempotent(http::Method method) {
  switch (method) {
    case http::Method::kGet:
    case http::Method::kHead:
    case http::Method::kPut:
    case http::Method::kDelete:
    case http::Method::kOptions:
    case http::Method::kTrace:
      return true;
    case http::Method::kOther:
    case http::Method::kPost:
    case http::Method::kPatch:
    case http::Method::kConnect:
      return false;
  }
  return false;
}

std::uint16_t port_of(const http::RequestPlan& plan) {
  return plan.port != 0 ? plan.port : kDefaultPort;
}

}  // namespace

// Whether the listener lets a request go where it wants to.
http::Refusal Session::judge_destination(const http::Head& head, const http::RequestPlan& plan) {
  if (service().mode == wire::FORWARD) {
    const wire::ConfigForward& forward = workspace_.config.forward();
    const bool connect = plan.facts.method == http::Method::kConnect;
    const bool allowed =
        holds_port(connect ? forward.connect_ports() : forward.ports(), port_of(plan));
    return allowed ? http::Refusal::kNone : http::Refusal::kPortForbidden;
  }
  const bool asked = service().host_check != wire::HOST_CHECK_OFF || exchange_->policy_waits;
  if (!asked || plan.host.size == 0) return http::Refusal::kNone;
  if (plan.literal.family != AF_UNSPEC) {
    // check_request() has compared it.
    exchange_->record.set_host_check(wire::AccessRecord::MATCH);
    return http::Refusal::kNone;
  }
  return check_host(head.text(plan.host));
}

// Asks once for each name. Only an answer that is known already can refuse the request here.
http::Refusal Session::check_host(std::string_view name) {
  if (host_check_ != nullptr && !host_check_->is_about(name)) {
    workspace_.host_checks.leave(std::exchange(host_check_, nullptr));
  }
  if (host_check_ == nullptr) {
    host_check_ = workspace_.host_checks.begin(client_.transport.fd(), name);
  }
  exchange_->host_checked = true;
  const bool refused = service().host_check == wire::HOST_CHECK_ENFORCE &&
                       !host_check_->pending() &&
                       host_check_->result() != wire::AccessRecord::MATCH;
  return refused ? http::Refusal::kHostUnverified : http::Refusal::kNone;
}

void Session::forward_request(http::Head& head, const http::RequestPlan& plan,
                              std::string_view rest, bool from_scratch) {
  const bool connect = plan.facts.method == http::Method::kConnect;
  exchange_->repeatable = plan.framing == http::Framing::kNone && is_idempotent(plan.facts.method);
  if (exchange_->group != nullptr && workspace_.logging) {
    exchange_->record.set_upstream(exchange_->group->config().name());
  }
  const bool verified =
      (service().host_check != wire::HOST_CHECK_ENFORCE && !exchange_->policy_waits) ||
      !exchange_->host_checked || !host_check_->pending();
  if (!verified) return wait_for_name(head, plan, rest, from_scratch);
  const policy::Decision* const decision =
      workspace_.policy != nullptr ? &workspace_.policy->verified() : nullptr;
  const std::size_t size = connect ? 0 : write_request(head, plan, decision);
  if (size == 0 && !connect) {
    return refuse(http::Refusal::kHeadTooLong, http::MessageKind::kRequest, wire::REFUSED);
  }
  const std::string_view written(workspace_.head->data(), size);
  if (!upstream_serves(head, plan)) {
    close_upstream();
    note_target(head, plan);
  }
  if (!upstream_.transport.is_open()) {
    exchange_->request_head.append(workspace_.blocks, written);
    step_over_head(head, rest, from_scratch);
    return look_for_upstream();
  }
  if (!from_scratch) client_.in.consume(head.size);
  exchange_->upstream_used_before = true;
  MetricsPage::add(workspace_.metrics->upstream_reused);
  if (exchange_->repeatable) exchange_->request_head.append(workspace_.blocks, written);
  phase_ = Phase::kRelay;
  Parts& parts = workspace_.fresh_parts();
  parts.add(written);
  const bool sent =
      send_with_body(workspace_, client_, upstream_, exchange_->request, parts, rest, from_scratch);
  request_has_left();
  if (!sent) lose_upstream(http::Refusal::kUpstreamReset);
}

// Until it is known whether the destination is the name's (transparent mode). An upstream that is
// there leads to the destination and is kept.
void Session::wait_for_name(http::Head& head, const http::RequestPlan& plan, std::string_view rest,
                            bool from_scratch) {
  bool written = true;
  if (exchange_->policy_waits) {
    written = write_both_heads(head, plan);
  } else {
    const policy::Decision* const decision =
        workspace_.policy != nullptr ? &workspace_.policy->verified() : nullptr;
    const std::size_t size = write_request(head, plan, decision);
    exchange_->request_head.append(workspace_.blocks, {workspace_.head->data(), size});
    written = size != 0;
  }
  if (!written) {
    return refuse(http::Refusal::kHeadTooLong, http::MessageKind::kRequest, wire::REFUSED);
  }
  step_over_head(head, rest, from_scratch);
  phase_ = Phase::kConnect;
  host_check_->tell(this);
}

// Into the workspace, with what header rules of decision (null: none) do; 0: it is too long.
std::size_t Session::write_request(http::Head& head, const http::RequestPlan& plan,
                                   const policy::Decision* decision) {
  std::span<const policy::Rule* const> effects;
  if (decision != nullptr) effects = decision->effects;
  const HeadEdits edits(effects, &head);
  http::RequestWriteOptions options;
  options.extra_fields = edits.lines();
  options.via_pseudonym = workspace_.via_in_requests;
  options.destination = destination_;
  if (const UpstreamGroup* const group = exchange_->group; group != nullptr) {
    options.host = group->config().host();
    options.forwarded_for = client_endpoint_.address;
  }
  return http::write_request_head(head, plan, options, *workspace_.head);
}

// The connection that is there leads to where this request goes.
bool Session::upstream_serves(const http::Head& head, const http::RequestPlan& plan) const {
  if (!upstream_usable() || upstream_group_ != exchange_->group) return false;
  if (service().mode != wire::FORWARD) return true;
  if (plan.facts.method == http::Method::kConnect) return false;
  return port_of(plan) == target_->port && plan.literal == target_->literal &&
         (plan.literal.family != AF_UNSPEC ||
          http::equals_ignoring_case(head.text(plan.host), target_->host));
}

// Nothing but an answer to come can be expected of it.
bool Session::upstream_usable() const {
  return upstream_.transport.is_open() && !upstream_.transport.peer_closed() &&
         !upstream_.transport.readable() && upstream_.in.empty();
}

void Session::note_target(const http::Head& head, const http::RequestPlan& plan) {
  if (service().mode != wire::FORWARD) return;
  if (target_ == nullptr) target_ = std::make_unique<ForwardTarget>();
  target_->port = port_of(plan);
  target_->literal = plan.literal;
  if (plan.literal.family != AF_UNSPEC) {
    target_->host = to_string(plan.literal);
    return;
  }
  target_->host = head.text(plan.host);
  std::transform(target_->host.begin(), target_->host.end(), target_->host.begin(), http::to_lower);
}

void Session::look_for_upstream() {
  if (ask_for_upstream()) return;
  refuse(http::Refusal::kConnectFailed, http::MessageKind::kRequest, wire::UPSTREAM_FAILED);
}

// False: there is none that could be asked for.
bool Session::ask_for_upstream() {
  phase_ = Phase::kConnect;
  timed_phase_ = Phase::kOver;
  exchange_->connect_asked = workspace_.clock.now_us();
  const int client = client_.transport.fd();
  switch (service().mode) {
    case wire::FORWARD:
      exchange_->finder.find_host(workspace_, client, target_->host, target_->port, this);
      return true;
    case wire::REVERSE:
      return exchange_->finder.find_server(
          workspace_, client, *exchange_->group,
          {&exchange_->failed_server, exchange_->server_failed ? std::size_t{1} : 0}, this);
    default:
      exchange_->finder.find_original(
          workspace_, client, host_check_ != nullptr ? host_check_->name() : std::string_view(),
          this);
      return true;
  }
}

// Now it is known whether the request may go on.
void Session::on_host_checked() {
  http::Refusal refusal = settle_policy();
  if (service().host_check == wire::HOST_CHECK_ENFORCE &&
      host_check_->result() != wire::AccessRecord::MATCH) {
    refusal = http::Refusal::kHostUnverified;
  }
  if (refusal != http::Refusal::kNone) {
    refuse(refusal, http::MessageKind::kRequest, wire::REFUSED);
  } else if (upstream_usable()) {
    exchange_->upstream_used_before = true;
    MetricsPage::add(workspace_.metrics->upstream_reused);
    send_request_head();
  } else {
    close_upstream();
    look_for_upstream();
  }
  run();
}

void Session::on_upstream(UniqueFd upstream) {
  exchange_->record.set_connect_us(workspace_.clock.now_us() - exchange_->connect_asked);
  if (!upstream_.transport.open(std::move(upstream), workspace_.poller, this, kUpstream)) {
    refuse(http::Refusal::kOverload, http::MessageKind::kRequest, wire::UPSTREAM_FAILED);
    return run();
  }
  upstream_used_ = exchange_->upstream_used_before = false;
  if (exchange_->raw) {
    on_raw_upstream();
    return run();
  }
  upstream_group_ = exchange_->group;
  if (upstream_group_ != nullptr) server_ = exchange_->finder.server();
  if (exchange_->facts.method == http::Method::kConnect) {
    answer_connect();
  } else {
    send_request_head();
  }
  run();
}

// The head that was kept, with what is there of its content. It stays for as long as it may be
// sent again: a fresh connection gets a second attempt only where there is another server.
void Session::send_request_head() {
  phase_ = Phase::kRelay;
  moved_in_turn_ = true;
  Parts& parts = workspace_.fresh_parts();
  std::array<char, kProxyHeaderSpace> preface;
  parts.add(upstream_preface(preface));
  parts.add(exchange_->request_head.view());
  const bool sent = send_with_body(workspace_, client_, upstream_, exchange_->request, parts,
                                   client_.in.view(), false);
  const bool again =
      exchange_->repeatable && (exchange_->upstream_used_before || exchange_->group != nullptr);
  if (!again) exchange_->request_head.clear();
  request_has_left();
  if (!sent) exchange_->upstream_deaf = true;
}

// RFC 9110 9.3.6. What the client has sent behind its head goes into the tunnel.
void Session::answer_connect() {
  phase_ = Phase::kRelay;
  moved_in_turn_ = true;
  exchange_->request_head_sent = exchange_->responded = true;
  exchange_->record.set_status(200);
  begin_tunnel();
  Parts& parts = workspace_.fresh_parts();
  parts.add(kConnectAnswer);
  if (!client_.send(workspace_.blocks, parts)) abort_client(wire::CLIENT_ABORTED, "client-reset");
}

// From here on both directions are raw octets.
void Session::begin_tunnel() {
  const http::Framing raw = http::Framing::kUntilClose;
  abandon(workspace_, exchange_->request);
  exchange_->request.begin(raw, raw, 0, false, 0);
  exchange_->response.begin(raw, raw, 0, false, 0);
  exchange_->tunnel = true;
  exchange_->client_close = false;
}

void Session::on_no_upstream(http::Refusal refusal, wire::Ending ending) {
  refuse(refusal, http::MessageKind::kRequest, ending);
  run();
}

void Session::on_client_gone() {
  abort_client(wire::CLIENT_ABORTED, "client-gone");
  run();
}

void Session::note_server_failure(std::string_view why) {
  if (exchange_->group == nullptr) return;
  exchange_->group->note_failure(server_, why, workspace_.clock.now_ms());
}

// Before a final response. A connection that was kept may have been closed by the upstream just as
// the request was sent: then one more attempt is due, if the request may be repeated at all. One
// that was fresh says something about its server, and the attempt is due on another one.
void Session::lose_upstream(http::Refusal refusal) {
  moved_ = true;
  const bool silent = !exchange_->response_begun;
  if (silent && !exchange_->upstream_used_before) {
    note_server_failure("it closed a fresh connection without an answer");
    exchange_->server_failed = true;
    exchange_->failed_server = server_;
  }
  const bool again = silent && !exchange_->retried && !exchange_->request_head.empty();
  if (!again) return refuse(refusal, http::MessageKind::kRequest, wire::UPSTREAM_FAILED);
  close_upstream();
  exchange_->retried = true;
  exchange_->request_head_sent = exchange_->upstream_deaf = false;
  exchange_->request_sent = 0;
  if (ask_for_upstream()) return;
  refuse(refusal, http::MessageKind::kRequest, wire::UPSTREAM_FAILED);
}

}  // namespace gatehouse::worker
