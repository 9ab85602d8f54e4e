// SPDX-License-Identifier: Apache-2.0
// The response's half of a session: interim and final heads, content, and tunnels.
#include <algorithm>

#include "worker/http/head_writer.h"
#include "worker/http/response_rules.h"
#include "worker/policy_hook.h"
#include "worker/session.h"
#include "worker/workspace.h"

namespace gatehouse::worker {

void Session::read_response_head() {
  if (phase_ != Phase::kRelay || exchange_->responded || !exchange_->request_head_sent) return;
  if (!client_.out.empty()) return;  // an interim response has to leave first
  std::string_view input = upstream_.in.view();
  bool from_scratch = false;
  if (input.empty() || exchange_->partial != nullptr) {
    if (!upstream_.transport.readable()) {
      if (upstream_.transport.read_over()) lose_upstream(http::Refusal::kUpstreamClosed);
      return;
    }
    const Moved moved =
        upstream_.transport.read(workspace_.scratch->data(), BodyFlow::kUsualWindow);
    if (moved.kind == Moved::kBlocked) return;
    moved_ = true;
    if (moved.kind == Moved::kEnd) return lose_upstream(http::Refusal::kUpstreamClosed);
    if (moved.kind == Moved::kFailed) return lose_upstream(http::Refusal::kUpstreamReset);
    input = {workspace_.scratch->data(), moved.n};
    from_scratch = upstream_.in.empty();
    if (!from_scratch) {
      upstream_.in.append(workspace_.blocks, input);
      input = upstream_.in.view();
    }
  }
  moved_ = true;
  if (!exchange_->response_begun) {
    exchange_->response_begun = true;
    exchange_->request_head.clear();
    if (exchange_->group != nullptr) exchange_->group->note_success(server_);
    const std::uint64_t since =
        exchange_->request_sent != 0 ? exchange_->request_sent : workspace_.clock.now_us();
    exchange_->record.set_first_byte_us(workspace_.clock.now_us() - since);
  }
  http::HeadParser& parser =
      exchange_->partial != nullptr ? *exchange_->partial : workspace_.response_parser;
  if (exchange_->partial == nullptr) parser.reset();
  switch (parser.parse(input)) {
    case http::ParseStatus::kIncomplete:
      keep_partial(parser, upstream_, input, from_scratch);
      break;
    case http::ParseStatus::kRefused:
      refuse(parser.refusal(), http::MessageKind::kResponse, wire::UPSTREAM_FAILED);
      break;
    case http::ParseStatus::kComplete:
      accept_response(parser.head(), input, from_scratch);
      if (exchange_ != nullptr) drop_partial();
      break;
  }
}

void Session::accept_response(http::Head& head, std::string_view input, bool from_scratch) {
  http::ResponsePlan plan;
  const http::Refusal refusal =
      http::check_response(head, exchange_->facts, exchange_->interims,
                           workspace_.config.limits().interim_responses(), plan);
  if (refusal != http::Refusal::kNone) {
    return refuse(refusal, http::MessageKind::kResponse, wire::UPSTREAM_FAILED);
  }
  if (plan.interim) {
    ++exchange_->interims;
    if (plan.status == 100) {
      exchange_->continued = true;
      plan.forward = plan.forward && !exchange_->continued_here;
    }
  }
  policy::ResponseDecision decision;
  if (!plan.interim) {
    if (!ask_policy_again(head, plan, &decision)) {
      return refuse(http::Refusal::kPolicy, http::MessageKind::kResponse, wire::REFUSED);
    }
    begin_response(plan);
  }
  const HeadEdits edits(decision.effects, &head);
  http::ResponseWriteOptions options;
  options.extra_fields = edits.lines();
  options.via_pseudonym = workspace_.via_in_responses;
  options.close = !plan.interim && exchange_->client_close;
  std::size_t size = 0;
  if (!plan.interim || plan.forward) {
    size = http::write_response_head(head, plan, exchange_->facts, options, *workspace_.head);
    if (size == 0) {
      exchange_->responded = false;
      return refuse(http::Refusal::kHeadTooLong, http::MessageKind::kResponse,
                    wire::UPSTREAM_FAILED);
    }
  }
  const std::string_view rest = input.substr(head.size);
  if (!from_scratch) upstream_.in.consume(head.size);
  Parts& parts = workspace_.fresh_parts();
  parts.add({workspace_.head->data(), size});
  // An interim response has no content: the flow takes nothing, and the rest stays where it is.
  if (!send_with_body(workspace_, upstream_, client_, exchange_->response, parts, rest,
                      from_scratch)) {
    abort_client(wire::CLIENT_ABORTED, "client-reset");
  }
}

// How the final response goes on, and what becomes of both connections after it.
void Session::begin_response(const http::ResponsePlan& plan) {
  Exchange& exchange = *exchange_;
  exchange.responded = true;
  exchange.record.set_status(plan.status);
  exchange.upstream_keep = plan.upstream_keep;
  // A response that comes before the end of the request leaves octets that nobody will read.
  exchange.client_close = !plan.client_keep || !exchange.request.done() || workspace_.draining;
  if (plan.tunnel) return begin_tunnel();
  exchange.response.begin(plan.framing, plan.client_framing, plan.content_length,
                          exchange.facts.te_trailers, exchange.most);
  if (exchange.client_close) exchange.response.end_sink_after();
}

void Session::relay_response_body() {
  if (phase_ != Phase::kRelay || !exchange_->responded || exchange_->tunnel ||
      exchange_->response.done()) {
    return;
  }
  const RelayResult result = relay(workspace_, upstream_, client_, exchange_->response);
  moved_ |= result.moved;
  switch (result.outcome) {
    case Relay::kBlocked:
      break;
    case Relay::kYield:
      workspace_.owner->on_session_yields(this);
      break;
    case Relay::kDone:
      moved_ = true;
      break;
    case Relay::kSourceEnded:
      break_off_response(wire::UPSTREAM_ABORTED, "upstream-closed");
      break;
    case Relay::kSourceFailed:
      break_off_response(wire::UPSTREAM_ABORTED, "upstream-reset");
      break;
    case Relay::kMalformed:
      if (exchange_->too_large != nullptr &&
          exchange_->response.refusal() == http::Refusal::kBodyTooLong) {
        return deny_the_rest();
      }
      break_off_response(wire::UPSTREAM_ABORTED,
                         http::refusal_text(exchange_->response.refusal()).word);
      break;
    case Relay::kSinkFailed:
      abort_client(wire::CLIENT_ABORTED, "client-reset");
      break;
  }
}

// After 101 and CONNECT: raw octets both ways; the end of one direction is passed on and leaves the
// other open.
void Session::relay_tunnel() {
  if (phase_ != Phase::kRelay || !exchange_->tunnel) return;
  if (!relay_tunnel_side(client_, upstream_, exchange_->request)) return;
  if (!relay_tunnel_side(upstream_, client_, exchange_->response)) return;
  if (!exchange_->request.done() || !exchange_->response.done() || !client_.out.empty() ||
      !upstream_.out.empty()) {
    return;
  }
  finish_record(wire::COMPLETE, {});
  release_exchange();
  phase_ = Phase::kDraining;
}

// False: the tunnel is broken and the session over.
bool Session::relay_tunnel_side(Connection& source, Connection& sink, BodyFlow& flow) {
  if (!flow.done()) {
    const RelayResult result = relay(workspace_, source, sink, flow);
    moved_ |= result.moved;
    if (result.outcome == Relay::kYield) workspace_.owner->on_session_yields(this);
    if (result.outcome == Relay::kSourceFailed || result.outcome == Relay::kSinkFailed) {
      const bool by_client = (&source == &client_) == (result.outcome == Relay::kSourceFailed);
      if (by_client) {
        abort_client(wire::CLIENT_ABORTED, "client-reset");
      } else {
        break_off_response(wire::UPSTREAM_ABORTED, "upstream-reset");
      }
      return false;
    }
  }
  if (flow.done() && sink.out.empty() && !sink.transport.write_over()) {
    sink.transport.finish_sending();
  }
  return true;
}

}  // namespace gatehouse::worker
