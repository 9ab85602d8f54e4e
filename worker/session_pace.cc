// SPDX-License-Identifier: Apache-2.0
// Slow peers: content that stands still for the stall time, or moves slower than limits.min_rate
// over a window of Workspace::rate_window_ms (10 s).
//
// What is measured: where octets wait for the sink, what the sink took; else what the source sent.
// A response whose length is not declared may be a live stream that has little to say, so for its
// source only the stall time holds. Costs nothing but a timer's firing once a window: no counting
// for each event, nothing for exchanges without content under way.
#include <algorithm>

#include "worker/session.h"
#include "worker/workspace.h"

namespace gatehouse::worker {

Pace::Body Session::body_under_way() const {
  const Exchange& exchange = *exchange_;
  if (exchange.responded) {
    return exchange.response.done() && client_.out.empty() ? Pace::kNone : Pace::kResponse;
  }
  if (exchange.upstream_deaf) return Pace::kNone;
  if (exchange.request.done()) return upstream_.out.empty() ? Pace::kNone : Pace::kRequest;
  // A client that waits for 100 is not slow.
  const bool waits = exchange.facts.expect_continue && exchange.request.taken() == 0;
  return waits ? Pace::kNone : Pace::kRequest;
}

bool Session::sink_is_full(Pace::Body body) const {
  return body == Pace::kRequest ? !upstream_.out.empty() || exchange_->request.pipe() != nullptr
                                : !client_.out.empty() || exchange_->response.pipe() != nullptr;
}

void Session::begin_window(Pace::Body body, std::uint32_t now_ms) {
  Pace& pace = exchange_->pace;
  pace.body = body;
  pace.since_ms = now_ms;
  pace.taken = (body == Pace::kRequest ? exchange_->request : exchange_->response).taken();
  pace.sent = (body == Pace::kRequest ? upstream_ : client_).transport.sent();
}

// Then its judgement is due, and not put off by whatever moves meanwhile.
bool Session::window_is_over() const {
  const auto now = static_cast<std::uint32_t>(workspace_.clock.now_ms());
  return exchange_->pace.body != Pace::kNone &&
         now - exchange_->pace.since_ms >= workspace_.rate_window_ms;
}

// To the end of the window or of the stall time, whichever is first.
std::uint64_t Session::pace_limit_ms() {
  Pace& pace = exchange_->pace;
  const auto now = static_cast<std::uint32_t>(workspace_.clock.now_ms());
  if (moved_in_turn_ || !pace.running) pace.moved_ms = now;
  pace.running = true;
  const std::uint32_t stall = workspace_.config.timeouts().stall_ms();
  const std::uint32_t still = now - pace.moved_ms;
  const std::uint64_t rest = still < stall ? stall - still : 0;
  if (workspace_.config.limits().min_rate() == 0) return rest;
  const Pace::Body body = body_under_way();
  const std::uint32_t window = workspace_.rate_window_ms;
  if (body != pace.body || window_is_over()) begin_window(body, now);
  if (body == Pace::kNone) return rest;
  return std::min<std::uint64_t>(rest, window - (now - pace.since_ms));
}

// The kernel calls a socket writable when a third of its buffer is free, which with a slow reader
// takes minutes: so what waits is offered once more before anybody is called slow.
void Session::offer_what_waits() {
  if (sink_is_full(Pace::kResponse)) client_.transport.assume_writable();
  if (sink_is_full(Pace::kRequest)) upstream_.transport.assume_writable();
  moved_ = false;
  flush();
  relay_request_body();
  relay_response_body();
  moved_in_turn_ |= moved_;
}

bool Session::too_slow() const {
  const Pace& pace = exchange_->pace;
  const std::uint32_t elapsed =
      static_cast<std::uint32_t>(workspace_.clock.now_ms()) - pace.since_ms;
  const Pace::Body body = body_under_way();
  if (body != pace.body || !window_is_over()) return false;
  const bool request = body == Pace::kRequest;
  const BodyFlow& flow = request ? exchange_->request : exchange_->response;
  std::uint64_t moved = (request ? upstream_ : client_).transport.sent() - pace.sent;
  if (!sink_is_full(body)) {
    if (!request && !flow.length_declared()) return false;
    moved = flow.taken() - pace.taken;
  }
  return moved * 1000 < std::uint64_t{workspace_.config.limits().min_rate()} * elapsed;
}

// A relay's deadline: the peer that stands still or is too slow ends the exchange.
void Session::judge_pace() {
  if (exchange_->tunnel || (!exchange_->responded && exchange_->request_sent != 0)) {
    return time_out_relay(false);
  }
  offer_what_waits();
  if (phase_ != Phase::kRelay) return;
  const std::uint32_t still =
      static_cast<std::uint32_t>(workspace_.clock.now_ms()) - exchange_->pace.moved_ms;
  const bool slow = workspace_.config.limits().min_rate() != 0 && too_slow();
  const bool stalled = !moved_in_turn_ && still >= workspace_.config.timeouts().stall_ms();
  if (!slow && !stalled) return;  // end_turn() sets the next deadline, and begins a window
  MetricsPage::add(workspace_.metrics->slow_peers);
  time_out_relay(!stalled);
}

}  // namespace gatehouse::worker
