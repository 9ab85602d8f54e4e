// SPDX-License-Identifier: Apache-2.0
// How exchanges and connections end, regularly and otherwise.
#include <utility>

#include "worker/access_record.h"
#include "worker/http/error_page.h"
#include "worker/session.h"
#include "worker/workspace.h"

namespace gatehouse::worker {
namespace {

// Thrown away after our FIN, so that the client can read our last response before a reset.
constexpr std::uint16_t kMaxDrainedKib = 64;

}  // namespace

// The response has left: keep what may be kept, close the rest.
void Session::end_exchange() {
  if (phase_ != Phase::kRelay || !exchange_->responded || exchange_->tunnel) return;
  if (!exchange_->response.done() || !client_.out.empty()) return;
  const bool request_whole = exchange_->request.done() && upstream_.out.empty();
  const bool close = exchange_->client_close || workspace_.closing_idle;
  if (!exchange_->upstream_keep || !request_whole || !upstream_.in.empty() || close) {
    close_upstream();
  }
  upstream_used_ = true;
  finish_record(wire::COMPLETE, {});
  moved_ = true;
  close ? begin_closing() : become_idle();
}

void Session::become_idle() {
  release_exchange();
  phase_ = Phase::kIdle;
  idle_since_ = static_cast<std::uint32_t>(workspace_.clock.now_ms());
  workspace_.owner->on_session_idle(this);
}

void Session::finish_record(wire::Ending ending, std::string_view reason) {
  if (exchange_->raw && exchange_->tunnel) reason = "tunnel";
  MetricsPage& metrics = *workspace_.metrics;
  MetricsPage::add(metrics.exchanges);
  MetricsPage::add(metrics.octets_in, exchange_->head_size + exchange_->request.taken());
  MetricsPage::add(metrics.octets_out, client_.transport.sent() - exchange_->client_sent_before);
  if (ending == wire::UPSTREAM_FAILED || ending == wire::UPSTREAM_ABORTED) {
    MetricsPage::add(metrics.upstream_failed);
  }
  if (!workspace_.logging) return;
  note_end(*exchange_, ending, reason, client_.transport.sent(), workspace_.clock.now_us());
  if (exchange_->host_checked) return host_check_->write(exchange_->record);
  workspace_.log->write(exchange_->record);
}

// The gateway answers by itself. The connection lives on only when the whole request was read and
// neither it nor the response was malformed.
void Session::refuse(http::Refusal refusal, http::MessageKind kind, wire::Ending ending) {
  CHECK(!exchange_->responded);
  close_upstream();
  MetricsPage::add(workspace_.metrics->refused);
  http::ErrorPage page;
  page.format = http::page_format(exchange_->accept);
  const bool answers = refusal != http::Refusal::kPolicy || form_denial(&page);
  if (refusal == http::Refusal::kLimit) {
    page.rule = exchange_->limit->name();
    page.retry_after = exchange_->retry_after;
  }
  if (exchange_->raw || !answers) {  // whoever speaks something else has no use for a page
    finish_record(ending, http::refusal_text(refusal).word);
    return over();
  }
  page.refusal = refusal;
  // A rule speaks of what was asked for, whichever message it has looked at.
  page.kind = refusal == http::Refusal::kPolicy ? http::MessageKind::kRequest : kind;
  // What follows a CONNECT that was refused may be meant for the tunnel, and is no request.
  page.close = !exchange_->head_known || !exchange_->request.done() ||
               kind == http::MessageKind::kResponse || !exchange_->facts.keep_alive ||
               workspace_.draining || exchange_->facts.method == http::Method::kConnect;
  page.head_request = exchange_->facts.method == http::Method::kHead;
  page.client_http10 = exchange_->facts.client_minor == 0;
  page.html = &workspace_.error_template;
  page.reference = workspace_.references.next();
  exchange_->record.set_reference(page.reference.data(), page.reference.size());
  const std::size_t size = http::write_error_page(page, *workspace_.head);
  Parts& parts = workspace_.fresh_parts();
  parts.add({workspace_.head->data(), size});
  const bool sent = client_.send(workspace_.blocks, parts);
  exchange_->record.set_status(http::page_status(page));
  finish_record(ending, http::refusal_text(refusal).word);
  moved_ = true;
  if (!sent) return over();
  if (!page.close) return become_idle();
  begin_closing();
}

// Part of a response has been sent and the rest will never come: a clean end would tell the client
// that it was complete.
void Session::break_off_response(wire::Ending ending, std::string_view reason) {
  finish_record(ending, reason);
  over();
}

// The client sends no more: between requests, or before the end of one. It may still be there to
// see the end of the connection.
void Session::lose_request(bool regularly) {
  if (exchange_ != nullptr) finish_record(wire::CLIENT_ABORTED, "client-closed");
  const bool part_of_response = exchange_ != nullptr && exchange_->responded;
  regularly && !part_of_response ? begin_closing() : over();
}

void Session::abort_client(wire::Ending ending, std::string_view reason) {
  if (exchange_ != nullptr) finish_record(ending, reason);
  over();
}

void Session::close_upstream() {
  if (host_check_ != nullptr) host_check_->tell(nullptr);
  if (exchange_ != nullptr) {
    exchange_->finder.cancel();
    abandon(workspace_, exchange_->request);
    abandon(workspace_, exchange_->response);
  }
  if (upstream_.transport.is_open()) upstream_.close(workspace_.poller);
}

void Session::drop_partial() {
  if (exchange_->partial != nullptr) workspace_.parsers.destroy(exchange_->partial);
  exchange_->partial = nullptr;
}

void Session::release_exchange() {
  if (exchange_ == nullptr) return;
  drop_partial();
  exchange_->finder.cancel();
  abandon(workspace_, exchange_->request);
  abandon(workspace_, exchange_->response);
  workspace_.exchanges.give_back(exchange_);
  exchange_ = nullptr;
}

void Session::begin_closing() {
  release_exchange();
  close_upstream();
  client_.in.clear();
  phase_ = Phase::kClosing;
  moved_ = true;
}

// After the last octets our FIN. Closing before the client has taken everything, or while it still
// sends, would destroy what it has not read yet (RFC 9112 9.6), so that waits for its own end.
void Session::drain_client() {
  if (phase_ == Phase::kClosing && client_.out.empty()) {
    client_.transport.finish_sending();
    drained_kib_ = 0;
    phase_ = Phase::kDraining;
    return;  // an event follows in any case
  }
  if (phase_ != Phase::kDraining) return;
  if (client_.transport.peer_closed()) {
    const bool settled = client_.transport.delivery() == Delivery::kOver &&
                         (!upstream_.transport.is_open() ||  // else: of a tunnel, its FIN is out
                          upstream_.transport.delivery() == Delivery::kOver);
    if (settled) over();
    return;
  }
  while (phase_ == Phase::kDraining && client_.transport.readable()) {
    const Moved moved = client_.transport.read(workspace_.scratch->data(), BodyFlow::kSmallWindow);
    drained_kib_ = static_cast<std::uint16_t>(drained_kib_ + (moved.n + 1023) / 1024);
    if (moved.kind == Moved::kFailed || drained_kib_ >= kMaxDrainedKib) over();
  }
}

// At once: a reset for whoever has not closed too.
void Session::over() {
  phase_ = Phase::kOver;
  if (std::exchange(counted_, false)) workspace_.sources.leave(client_endpoint_.address);
  if (holds_ != nullptr) release_holds(0);
  release_exchange();
  close_upstream();
  if (host_check_ != nullptr) workspace_.host_checks.leave(std::exchange(host_check_, nullptr));
  if (client_.transport.is_open()) client_.close(workspace_.poller);
  workspace_.wheel.disarm(this);
}

}  // namespace gatehouse::worker
