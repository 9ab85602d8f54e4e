// SPDX-License-Identifier: Apache-2.0
// The request's half of a session: its head and its content.
#include "worker/access_record.h"
#include "worker/http/error_page.h"
#include "worker/session.h"
#include "worker/workspace.h"

namespace gatehouse::worker {
void Session::read_request_head() {
  if (phase_ != Phase::kIdle && phase_ != Phase::kHead) return;
  if (!client_.out.empty()) return;  // what was answered before has to leave first
  std::string_view input = client_.in.view();
  bool from_scratch = false;
  // Octets that lie here are new only where no head has been begun with them.
  if (input.empty() || phase_ == Phase::kHead) {
    if (!client_.transport.readable()) return;
    const Moved moved = client_.transport.read(workspace_.scratch->data(), BodyFlow::kSmallWindow);
    if (moved.kind == Moved::kBlocked) return;
    if (moved.kind != Moved::kOctets) return lose_request(moved.kind == Moved::kEnd);
    input = {workspace_.scratch->data(), moved.n};
    from_scratch = client_.in.empty();
    if (!from_scratch) {
      client_.in.append(workspace_.blocks, input);
      input = client_.in.view();
    }
  }
  moved_ = true;
  if (exchange_ == nullptr && input == "\r\n") {
    // A stray empty line between requests (RFC 9112 2.2) begins none: the idle time runs on.
    if (!from_scratch) client_.in.clear();
    return;
  }
  if (exchange_ == nullptr) begin_exchange();
  http::HeadParser& parser =
      exchange_->partial != nullptr ? *exchange_->partial : workspace_.request_parser;
  if (exchange_->partial == nullptr) parser.reset();
  switch (parser.parse(input)) {
    case http::ParseStatus::kIncomplete:
      keep_partial(parser, client_, input, from_scratch);
      break;
    case http::ParseStatus::kRefused:
      exchange_->head_size = static_cast<std::uint32_t>(input.size());
      note_request(*exchange_, parser.head(), workspace_.clock.now_us());
      refuse(parser.refusal(), http::MessageKind::kRequest, wire::REFUSED);
      break;
    case http::ParseStatus::kComplete:
      accept_request(parser.head(), input, from_scratch);
      if (exchange_ != nullptr) drop_partial();
      break;
  }
}

void Session::begin_exchange() {
  exchange_ = workspace_.exchanges.take();
  exchange_->started = workspace_.clock.now_us();
  exchange_->group = service().group;
  exchange_->client_sent_before = client_.transport.sent();
  if (workspace_.logging) {
    note_connection(*exchange_, client_endpoint_, destination_, ++workspace_.exchange_count);
    exchange_->record.set_mode(service().mode);
  }
  phase_ = Phase::kHead;
  timed_phase_ = Phase::kOver;
}

void Session::keep_partial(const http::HeadParser& parser, Connection& connection,
                           std::string_view input, bool from_scratch) {
  if (from_scratch) connection.in.append(workspace_.blocks, input);
  if (exchange_->partial == nullptr) exchange_->partial = workspace_.parsers.make(parser);
}

void Session::accept_request(http::Head& head, std::string_view input, bool from_scratch) {
  exchange_->head_size = head.size;
  http::RequestPlan plan;
  http::Refusal refusal = http::check_request(head, service().request, destination_, plan);
  if (workspace_.logging) {
    note_request(*exchange_, head, workspace_.clock.now_us());
  } else {
    note_accept(*exchange_, head.find(http::FieldId::kAccept));
  }
  if (refusal != http::Refusal::kNone) {
    return refuse(refusal, http::MessageKind::kRequest, wire::REFUSED);
  }
  exchange_->facts = plan.facts;
  exchange_->request.begin(plan.framing, plan.framing, plan.content_length, false,
                           service().request.body_limit);
  exchange_->head_known = true;
  if (workspace_.logging && plan.authority.size > 0) {
    note_host(*exchange_, head.text(plan.authority));
  }
  const std::string_view rest = input.substr(head.size);
  // Content that came with its head and is malformed: nothing of the request may leave.
  if (plan.framing == http::Framing::kChunked) {
    http::ChunkLimits limits;
    limits.body = service().request.body_limit;
    refusal = http::check_chunks(rest, limits);
  }
  if (refusal == http::Refusal::kNone) {
    refusal = ask_policy(head, plan);
  }
  if (refusal == http::Refusal::kNone && plan.recipient == http::Recipient::kUpstream) {
    refusal = judge_destination(head, plan);
  }
  if (refusal != http::Refusal::kNone) {
    step_over_head(head, rest, from_scratch);
    return refuse(refusal, http::MessageKind::kRequest, wire::REFUSED);
  }
  if (plan.recipient != http::Recipient::kUpstream) {
    return answer_as_recipient(head, plan, rest, from_scratch);
  }
  forward_request(head, plan, rest, from_scratch);
}

// The head's octets are done with; what follows them waits in client_.in.
void Session::step_over_head(const http::Head& head, std::string_view rest, bool from_scratch) {
  if (from_scratch) {
    client_.in.append(workspace_.blocks, rest);
  } else {
    client_.in.consume(head.size);
  }
}

// TRACE and OPTIONS whose last hop is this gateway (RFC 9110 7.6.2).
void Session::answer_as_recipient(const http::Head& head, const http::RequestPlan& plan,
                                  std::string_view rest, bool from_scratch) {
  const bool close = !plan.facts.keep_alive || !exchange_->request.done() || workspace_.draining;
  const std::size_t size = http::write_gateway_answer(head, plan, close, *workspace_.head);
  step_over_head(head, rest, from_scratch);
  Parts& parts = workspace_.fresh_parts();
  parts.add({workspace_.head->data(), size});
  if (size == 0 || !client_.send(workspace_.blocks, parts)) {
    return abort_client(wire::CLIENT_ABORTED, "client-reset");
  }
  exchange_->record.set_status(200);
  exchange_->client_close = close;
  exchange_->responded = true;
  phase_ = Phase::kRelay;  // ended by end_exchange() once the answer has left
}

// Notes when the whole request has been handed to the kernel.
void Session::request_has_left() {
  if (exchange_ == nullptr || phase_ != Phase::kRelay) return;
  exchange_->request_head_sent = true;
  if (exchange_->request_sent == 0 && exchange_->request.done() && upstream_.out.empty()) {
    exchange_->request_sent = workspace_.clock.now_us();
  }
}

bool Session::waits_to_continue() const {
  return exchange_->facts.expect_continue && !exchange_->continued && !exchange_->responded &&
         !exchange_->tunnel && !exchange_->upstream_deaf && exchange_->request.taken() == 0;
}

// Instead of a server that says neither yes nor no.
void Session::let_continue() {
  exchange_->continued = exchange_->continued_here = true;
  Parts& parts = workspace_.fresh_parts();
  parts.add(http::kContinue);
  if (!client_.send(workspace_.blocks, parts)) abort_client(wire::CLIENT_ABORTED, "client-reset");
}

void Session::relay_request_body() {
  if (phase_ != Phase::kRelay || exchange_->tunnel || exchange_->request.done() ||
      exchange_->upstream_deaf || !exchange_->request_head_sent) {
    return;
  }
  const RelayResult result = relay(workspace_, client_, upstream_, exchange_->request);
  moved_ |= result.moved;
  switch (result.outcome) {
    case Relay::kBlocked:
      break;
    case Relay::kYield:
      workspace_.owner->on_session_yields(this);
      break;
    case Relay::kDone:
      request_has_left();
      break;
    case Relay::kSourceEnded:
    case Relay::kSourceFailed:
      lose_request(result.outcome == Relay::kSourceEnded);
      break;
    case Relay::kSinkFailed:
      // It may have answered before it closed, so the answer is still read.
      abandon(workspace_, exchange_->request);
      exchange_->upstream_deaf = true;
      moved_ = true;
      break;
    case Relay::kMalformed:
      if (exchange_->responded) {
        break_off_response(wire::REFUSED, http::refusal_text(exchange_->request.refusal()).word);
      } else {
        refuse(exchange_->request.refusal(), http::MessageKind::kRequest, wire::REFUSED);
      }
      break;
  }
}

}  // namespace gatehouse::worker
