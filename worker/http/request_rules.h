// SPDX-License-Identifier: Apache-2.0
// What a parsed request means and whether it may pass (RFC 9110, RFC 9112 3 and 6).
//
// Trusts: nothing in the head; the settings are ours.
// Invariants:
// 1. A request that gets a plan has exactly one meaning: one target, one host, one framing.
// 2. Pure: no clock, no socket, no allocation.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/address.h"
#include "worker/http/head.h"
#include "worker/http/refusal.h"

namespace gatehouse::worker::http {

enum class Mode : std::uint8_t { kTransparent, kForward, kReverse };

// How the end of a body is known.
enum class Framing : std::uint8_t { kNone, kLength, kChunked, kUntilClose };

// Above this a length is refused even when bodies are unlimited: no honest peer has an exbibyte.
inline constexpr std::uint64_t kMaxBody = std::uint64_t{1} << 60;

struct RequestSettings {
  Mode mode = Mode::kTransparent;
  std::uint64_t body_limit = 0;    // octets, 0: kMaxBody; more is 413
  std::string_view via_pseudonym;  // found as received-by in Via: a loop. Empty: not looked for
};

// The few facts of a request that its response and the end of the exchange need. Keeps no
// reference to the head.
struct RequestFacts {
  Method method = Method::kOther;
  std::uint8_t client_minor = 1;  // 0 or 1
  bool keep_alive = true;         // the client lets its connection carry another exchange
  bool te_trailers = false;       // trailers of the response may be forwarded
  bool expect_continue = false;   // the client waits for 100 before it sends its content
  bool websocket = false;         // an upgrade to websocket is offered upstream
};

// Who answers: the upstream, or the gateway as the final recipient (RFC 9110 7.6.2).
enum class Recipient : std::uint8_t { kUpstream, kGatewayTrace, kGatewayOptions };

enum class TargetForm : std::uint8_t { kOrigin, kAbsolute, kAsterisk, kAuthority };

struct RequestPlan {
  RequestFacts facts;
  Framing framing = Framing::kNone;  // kNone, kLength or kChunked
  std::uint64_t content_length = 0;  // of kLength; never 0 where facts.expect_continue
  Recipient recipient = Recipient::kUpstream;
  TargetForm form = TargetForm::kOrigin;
  // Forwarded target: path_prefix_slash ? "/" : "", then these octets of the head. For
  // an asterisk that was not written as such (OPTIONS http://a): asterisk is set, path is empty.
  Span path;
  bool path_prefix_slash = false;
  bool asterisk = false;
  // Host and port that the request is for, as written; size 0 where an HTTP/1.0 request names none.
  Span authority;
  Span host;               // authority without port
  std::uint16_t port = 0;  // 0: none given
  IpAddress literal;       // the host when it is an IP literal
  // Value to forward for TRACE and OPTIONS; -1: leave the field as it is.
  std::int64_t max_forwards = -1;
};

// Fills in plan and marks fields of the head to be dropped; kNone when the request may pass.
// destination: where the client's connection was going (AF_UNSPEC: unknown); a Host that is an IP
// literal must name its address in transparent mode (421). Ports are not compared: clients that
// leave a port out are common and Host never selects the upstream there.
Refusal check_request(Head& head, const RequestSettings& settings, const Endpoint& destination,
                      RequestPlan& plan);

}  // namespace gatehouse::worker::http
