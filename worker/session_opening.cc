// SPDX-License-Identifier: Apache-2.0
// How a connection begins: who the client is, and what it speaks.
//
// On listeners with proxy_from a connection from one of those peers begins with a PROXY protocol
// header or is reset; whoever isn't listed is a client like any other, whatever it sends.
//
// On listeners with on_not_http = "tunnel" the first octets decide. While there are none, the
// server may be the one that speaks first: after kSilenceMs a connection to it is made, and it
// becomes a tunnel when the server says something. When the client speaks first after all, its
// octets decide as before: a client that waits does not get around what is done with HTTP.
#include <string>

#include "worker/http/error_page.h"
#include "worker/http/protocol_guess.h"
#include "worker/policy_hook.h"
#include "worker/proxy_protocol.h"
#include "worker/session.h"
#include "worker/workspace.h"

namespace gatehouse::worker {
namespace {

// Without an octet, or with some that could be the beginning of anything.
constexpr std::uint64_t kSilenceMs = 300;

std::string and_more(std::uint64_t lines) {
  if (lines < 2) return {};
  return " (one of " + std::to_string(lines) + " such connections)";
}

}  // namespace

// False: it has too many connections already.
bool Session::welcome(const Endpoint& peer) {
  client_endpoint_ = peer;
  if (!service().expects_proxy_header(peer.address)) return count_client();
  phase_ = Phase::kProxy;
  return true;
}

bool Session::count_client() {
  if (!workspace_.sources.enter(client_endpoint_.address)) {
    MetricsPage::add(workspace_.metrics->source_limited);
    const std::uint64_t lines = workspace_.source_events.count(workspace_.clock.now_ms());
    if (lines > 0) {
      workspace_.log->event(wire::EventRecord::WARNING,
                            to_string(client_endpoint_.address) +
                                " has as many connections as limits.connections_per_source "
                                "allows; another one was closed" +
                                and_more(lines));
    }
    return false;
  }
  counted_ = true;
  phase_ = service().tunnel_not_http ? Phase::kFirst : Phase::kIdle;
  return true;
}

void Session::read_opening() {
  if (phase_ == Phase::kProxy) read_proxy_header();
  if (phase_ == Phase::kFirst) read_first_octets();
}

void Session::read_proxy_header() {
  if (!client_.transport.readable()) return;
  // What is incomplete is shorter than the longest header.
  const Moved moved =
      client_.transport.read(workspace_.scratch->data(), kMaxProxyHeader - client_.in.size());
  if (moved.kind == Moved::kBlocked) return;
  if (moved.kind != Moved::kOctets) {
    // A peer that only looks whether somebody is there has done nothing wrong.
    if (!client_.in.empty()) return refuse_proxy_header("its end is missing");
    return moved.kind == Moved::kEnd ? begin_closing() : over();
  }
  moved_ = true;
  client_.in.append(workspace_.blocks, {workspace_.scratch->data(), moved.n});
  const ProxyHeader header = worker::read_proxy_header(client_.in.view());
  if (header.status == ProxyStatus::kIncomplete) return;
  if (header.status == ProxyStatus::kMalformed) {
    return refuse_proxy_header(proxy_fault_word(header.fault));
  }
  client_.in.consume(header.size);
  if (header.addressed) client_endpoint_ = header.source;
  idle_since_ = static_cast<std::uint32_t>(workspace_.clock.now_ms());
  if (!count_client()) over();
}

void Session::refuse_proxy_header(std::string_view why) {
  MetricsPage::add(workspace_.metrics->proxy_malformed);
  const std::uint64_t lines = workspace_.proxy_events.count(workspace_.clock.now_ms());
  if (lines > 0) {
    workspace_.log->event(wire::EventRecord::WARNING,
                          "the PROXY protocol header of a connection from " +
                              to_string(client_endpoint_.address) + " is malformed (" +
                              std::string(why) + "); the connection was reset" + and_more(lines));
  }
  over();
}

void Session::read_first_octets() {
  if (upstream_.transport.is_open() && upstream_.transport.readable()) {
    const Moved moved =
        upstream_.transport.read(workspace_.scratch->data(), BodyFlow::kSmallWindow);
    if (moved.kind == Moved::kOctets) {
      upstream_.in.append(workspace_.blocks, {workspace_.scratch->data(), moved.n});
      return open_tunnel();
    }
    // It ends without a word, as servers do with idle connections.
    if (moved.kind != Moved::kBlocked) return begin_closing();
  }
  if (client_.transport.readable()) {
    const Moved moved = client_.transport.read(workspace_.scratch->data(), BodyFlow::kSmallWindow);
    if (moved.kind == Moved::kOctets) {
      moved_ = true;
      if (client_.in.empty()) timed_phase_ = Phase::kOver;  // now there is something to wait for
      client_.in.append(workspace_.blocks, {workspace_.scratch->data(), moved.n});
    } else if (moved.kind != Moved::kBlocked) {
      if (moved.kind != Moved::kEnd) return over();
      const bool worth_passing_on =
          !client_.in.empty() && !http::begins_like_http(client_.in.view());
      return worth_passing_on ? open_tunnel() : begin_closing();
    }
  }
  switch (http::guess_protocol(client_.in.view())) {
    case http::Guess::kUndecided:
      return;
    case http::Guess::kHttp:
      return speak_http();
    case http::Guess::kOther:
      return open_tunnel();
  }
}

// A connection that was made to hear the server serves the first request.
void Session::speak_http() {
  release_exchange();
  phase_ = Phase::kIdle;
  idle_since_ = static_cast<std::uint32_t>(workspace_.clock.now_ms());
  moved_ = true;
}

// An exchange without HTTP. False: policy denies it, and the session ends.
bool Session::begin_raw() {
  begin_exchange();
  phase_ = Phase::kFirst;
  exchange_->raw = true;
  if (workspace_.logging) exchange_->record.set_method("-");
  if (const http::Refusal refusal = ask_policy_raw(); refusal != http::Refusal::kNone) {
    refuse(refusal, http::MessageKind::kRequest, wire::REFUSED);
    return false;
  }
  exchange_->connect_asked = workspace_.clock.now_us();
  exchange_->finder.find_original(workspace_, client_.transport.fd(), {}, this);
  return true;
}

// As soon as there is a connection to the server.
void Session::open_tunnel() {
  if (exchange_ == nullptr && !begin_raw()) return;
  moved_ = true;
  timed_phase_ = Phase::kOver;
  if (!upstream_.transport.is_open()) {
    phase_ = Phase::kConnect;
    return;
  }
  MetricsPage::add(workspace_.metrics->tunnels);
  phase_ = Phase::kRelay;
  exchange_->request_head_sent = exchange_->responded = true;
  begin_tunnel();
}

void Session::on_raw_upstream() {
  timed_phase_ = Phase::kOver;
  if (phase_ == Phase::kConnect) open_tunnel();
}

std::uint64_t Session::opening_limit_ms() const {
  if (phase_ == Phase::kProxy) return workspace_.config.timeouts().head_ms();
  if (exchange_ == nullptr || !client_.in.empty()) return kSilenceMs;
  if (exchange_->finder.busy()) return exchange_->finder.limit_ms();
  return workspace_.config.timeouts().idle_ms();
}

void Session::time_out_opening() {
  if (phase_ == Phase::kProxy) return refuse_proxy_header("it did not arrive in time");
  if (!client_.in.empty()) {
    return http::begins_like_http(client_.in.view()) ? speak_http() : open_tunnel();
  }
  if (exchange_ == nullptr) {
    // Without a tunnel to its server a silent client can only wait for itself to speak.
    if (policy_allows_tunnel()) return void(begin_raw());
    const auto now = static_cast<std::uint32_t>(workspace_.clock.now_ms());
    if (now - idle_since_ >= workspace_.config.timeouts().idle_ms()) begin_closing();
    return;
  }
  if (exchange_->finder.busy()) {
    return refuse(http::Refusal::kConnectTimeout, http::MessageKind::kRequest,
                  wire::UPSTREAM_FAILED);
  }
  begin_closing();  // neither has said anything: an idle connection
}

// What goes before everything else on a new upstream connection; into space, empty for nothing.
std::string_view Session::upstream_preface(std::span<char, kProxyHeaderSpace> space) const {
  if (exchange_->group == nullptr || exchange_->upstream_used_before) return {};
  const unsigned version = exchange_->group->config().proxy_protocol();
  if (version == 0) return {};
  return {space.data(), write_proxy_header(version, client_endpoint_, destination_, space)};
}

}  // namespace gatehouse::worker
