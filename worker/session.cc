// SPDX-License-Identifier: Apache-2.0
#include "worker/session.h"

#include <algorithm>
#include <utility>

#include "worker/workspace.h"

namespace gatehouse::worker {
namespace {

// Rounds of one run(): pipelined requests whose responses come at once share the turn fairly.
constexpr int kRounds = 32;

constexpr std::uint64_t kHostCheckMs = 31'000;  // the parent's own time-out comes first
// How long a server may leave a client without the 100 that it waits for (RFC 9110 10.1.1): one
// that knows no expectations waits for the content.
constexpr std::uint64_t kContinueMs = 1000;
constexpr std::uint64_t kDrainingMs = 1000;    // while the worker drains
constexpr std::uint64_t kTunnelMs = 3600'000;  // without a setting

}  // namespace

Session::Session(Workspace* workspace) : workspace_(*workspace) {}

Session::~Session() { CHECK(phase_ == Phase::kOver); }

void Session::start(UniqueFd client, const SocketAddress& peer, std::uint32_t service) {
  service_ = &workspace_.services[service];
  const auto from = from_socket_address(peer);
  const auto to = local_endpoint(client.get());
  idle_since_ = static_cast<std::uint32_t>(workspace_.clock.now_ms());
  if (from && to && welcome(*from) &&
      client_.transport.open(std::move(client), workspace_.poller, this, kClient)) {
    destination_ = *to;
  } else {
    over();  // gone before it was here, or one too many
  }
  run();
}

// The story of a connection. Each step looks whether it is its turn.
void Session::run() {
  for (int round = 0; phase_ != Phase::kOver; ++round) {
    if (round == kRounds) {
      workspace_.owner->on_session_yields(this);
      break;
    }
    moved_ = false;
    notice_client_gone();
    notice_idle_upstream();
    flush();
    if (phase_ <= Phase::kFirst) read_opening();
    read_request_head();
    relay_request_body();
    read_response_head();
    relay_response_body();
    relay_tunnel();
    end_exchange();
    drain_client();
    moved_in_turn_ |= moved_;
    if (!moved_) break;
  }
  end_turn();
}

void Session::resume() { run(); }

// Gives the session back when it is over, else sets its deadline.
void Session::end_turn() {
  if (phase_ == Phase::kOver) {
    workspace_.owner->on_session_over(this);
    return;
  }
  if (phase_ != timed_phase_ || deadline_moves()) {
    timed_phase_ = phase_;
    workspace_.wheel.arm(this, workspace_.clock.now_ms(), deadline_ms());
  }
  moved_in_turn_ = false;
}

void Session::on_events(unsigned side, Events events) {
  (side == kClient ? client_ : upstream_).transport.note(events);
  // Of a FIN: it has been sent, it has been acknowledged.
  if (phase_ == Phase::kDraining && !events.readable) return;
  run();
}

// A reset by the client ends everything at once.
void Session::notice_client_gone() {
  if (!client_.transport.broken()) return;
  switch (phase_) {
    case Phase::kProxy:
    case Phase::kFirst:
    case Phase::kIdle:
    case Phase::kClosing:
    case Phase::kDraining:
      over();
      return;
    case Phase::kHead:
    case Phase::kConnect:
    case Phase::kRelay:
      abort_client(wire::CLIENT_ABORTED, "client-reset");
      return;
    case Phase::kOver:
      return;
  }
}

// An upstream that closes between exchanges is dropped silently, and so is one that talks unasked.
void Session::notice_idle_upstream() {
  if (phase_ != Phase::kIdle && phase_ != Phase::kHead) return;
  if (!upstream_.transport.is_open() || upstream_usable()) return;
  if (upstream_.transport.readable() && !upstream_.transport.peer_closed()) {
    const Moved moved = upstream_.transport.read(workspace_.scratch->data(), 1);
    if (moved.kind == Moved::kBlocked) return;
  }
  close_upstream();
}

void Session::flush() {
  if (!client_.out.empty()) {
    const std::size_t before = client_.out.size();
    if (!client_.flush()) return abort_client(wire::CLIENT_ABORTED, "client-reset");
    moved_ |= client_.out.size() != before;
  }
  if (!upstream_.out.empty()) {
    const std::size_t before = upstream_.out.size();
    if (!upstream_.flush()) {
      exchange_->upstream_deaf = true;
      upstream_.out.clear();
    }
    moved_ |= upstream_.out.size() != before;
    if (upstream_.out.empty()) request_has_left();
  }
}

// Progress of a body moves its deadline; the other deadlines are for a phase as a whole.
bool Session::deadline_moves() const {
  if (phase_ == Phase::kRelay) return moved_in_turn_ && !window_is_over();
  return moved_in_turn_ && phase_ == Phase::kClosing;
}

std::uint64_t Session::deadline_ms() {
  const wire::ConfigTimeouts& timeouts = workspace_.config.timeouts();
  switch (phase_) {
    case Phase::kProxy:
    case Phase::kFirst:
      return opening_limit_ms();
    case Phase::kIdle: {
      const std::uint64_t limit = upstream_.transport.is_open()
                                      ? std::min(timeouts.idle_ms(), timeouts.upstream_idle_ms())
                                      : timeouts.idle_ms();
      const std::uint32_t spent = idle_ms();
      return limit > spent ? limit - spent : 0;
    }
    case Phase::kHead:
      return timeouts.head_ms();
    case Phase::kConnect:
      return exchange_->finder.busy() ? exchange_->finder.limit_ms() : kHostCheckMs;
    case Phase::kRelay:
      if (exchange_->tunnel) return timeouts.tunnel_ms() != 0 ? timeouts.tunnel_ms() : kTunnelMs;
      if (!exchange_->responded && exchange_->request_sent != 0) {
        exchange_->pace.body = Pace::kNone;
        return timeouts.response_ms();
      }
      return waits_to_continue() ? kContinueMs : pace_limit_ms();
    case Phase::kClosing:
      return timeouts.stall_ms();
    case Phase::kDraining:
      return workspace_.draining ? kDrainingMs : timeouts.stall_ms();
    case Phase::kOver:
      break;
  }
  return 0;
}

void Session::on_deadline() {
  timed_phase_ = Phase::kOver;
  switch (phase_) {
    case Phase::kProxy:
    case Phase::kFirst:
      time_out_opening();
      break;
    case Phase::kIdle:
      time_out_idle();
      break;
    case Phase::kHead:
      refuse(http::Refusal::kHeadTimeout, http::MessageKind::kRequest, wire::TIMED_OUT);
      break;
    case Phase::kConnect:
      time_out_connect();
      break;
    case Phase::kRelay:
      waits_to_continue() ? let_continue() : judge_pace();
      break;
    case Phase::kDraining:
      // What a slow client has not taken yet has its time-out in the kernel (TCP_USER_TIMEOUT).
      if (client_.transport.delivery() != Delivery::kUnderWay) over();
      break;
    case Phase::kClosing:
    case Phase::kOver:
      over();
      break;
  }
  run();
}

std::uint32_t Session::idle_ms() const {
  return static_cast<std::uint32_t>(workspace_.clock.now_ms()) - idle_since_;
}

void Session::time_out_idle() {
  const wire::ConfigTimeouts& timeouts = workspace_.config.timeouts();
  if (idle_ms() >= timeouts.idle_ms()) return begin_closing();
  if (idle_ms() >= timeouts.upstream_idle_ms()) close_upstream();
}

// The parent should have answered long ago.
void Session::time_out_connect() {
  if (!exchange_->finder.busy()) {
    refuse(http::Refusal::kHostUnverified, http::MessageKind::kRequest, wire::TIMED_OUT);
  } else {
    refuse(exchange_->finder.resolving() ? http::Refusal::kNameUnresolved
                                         : http::Refusal::kConnectTimeout,
           http::MessageKind::kRequest, wire::UPSTREAM_FAILED);
  }
}

// slow: it isn't that nothing moves, but too little.
void Session::time_out_relay(bool slow) {
  if (exchange_->responded) {
    // Whoever it is that stands still, the response can't be completed.
    const bool client = sink_is_full(Pace::kResponse);
    break_off_response(wire::TIMED_OUT, client ? slow ? "client-slow" : "client-stalled"
                                        : slow ? "upstream-slow"
                                               : "upstream-stalled");
  } else if (exchange_->request.done() || sink_is_full(Pace::kRequest) ||
             exchange_->upstream_deaf) {
    note_server_failure("no answer in time");
    refuse(slow ? http::Refusal::kUpstreamSlow : http::Refusal::kResponseTimeout,
           http::MessageKind::kRequest, wire::UPSTREAM_FAILED);
  } else {
    refuse(slow ? http::Refusal::kBodySlow : http::Refusal::kBodyTimeout,
           http::MessageKind::kRequest, wire::TIMED_OUT);
  }
}

void Session::reset(std::string_view reason) {
  if (exchange_ != nullptr) finish_record(wire::REFUSED, reason);
  over();
  run();
}

void Session::drain(bool now) {
  if (now) {
    if (exchange_ != nullptr) finish_record(wire::DRAINED, "drained");
    over();
  } else if (phase_ <= Phase::kIdle) {
    begin_closing();
  } else if (phase_ == Phase::kDraining) {
    timed_phase_ = Phase::kOver;  // has less time from now on
  }
  run();
}

}  // namespace gatehouse::worker
