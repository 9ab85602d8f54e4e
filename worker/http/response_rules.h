// SPDX-License-Identifier: Apache-2.0
// What a parsed response means and whether it may pass (RFC 9110, RFC 9112 4 and 6).
//
// Trusts: nothing in the head; the facts come from check_request.
#pragma once

#include <cstdint>

#include "worker/http/head.h"
#include "worker/http/refusal.h"
#include "worker/http/request_rules.h"

namespace gatehouse::worker::http {

struct ResponsePlan {
  std::uint16_t status = 0;
  bool interim = false;  // 1xx other than 101: another response follows
  bool forward = true;   // false: an interim response that an HTTP/1.0 client must not see
  bool tunnel = false;   // 101 or 2xx to CONNECT: after the head both directions are raw octets
  Framing framing = Framing::kNone;         // the body as the upstream sends it
  Framing client_framing = Framing::kNone;  // the body as the client must get it: chunked becomes
                                            // kUntilClose for HTTP/1.0 clients, else the same
  std::uint64_t content_length = 0;         // of kLength, or what the head declares without a body
  Framing declared = Framing::kNone;        // the framing field in the head to the client; differs
                                            // from client_framing where a response has no body
                                            // (HEAD, 304)
  bool upstream_keep = false;  // the upstream connection may carry another exchange, if this one
                               // ends cleanly, its request was sent whole and no octet is left over
  bool client_keep = false;    // the same for the client's connection
};

// interim_seen: interim responses already received for this request; interim_limit: how many are
// allowed (the next one is refused). Fills in plan and marks fields to be dropped.
Refusal check_response(Head& head, const RequestFacts& request, std::uint32_t interim_seen,
                       std::uint32_t interim_limit, ResponsePlan& plan);

}  // namespace gatehouse::worker::http
