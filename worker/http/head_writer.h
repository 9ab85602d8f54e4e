// SPDX-License-Identifier: Apache-2.0
// Generates the heads that leave the gateway from what was parsed, never from what was received:
// fields in their order and with their spelling, hop-by-hop fields gone, one framing field.
//
// Trusts: Head and plan, as HeadParser and the rules made them.
// Invariant: what is written parses again to the same start line, fields and framing.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/address.h"
#include "worker/http/head.h"
#include "worker/http/request_rules.h"
#include "worker/http/response_rules.h"

namespace gatehouse::worker::http {

struct RequestWriteOptions {
  std::string_view via_pseudonym;  // appended as a Via field; empty: none
  bool close = false;     // "Connection: close": the upstream shall end after this exchange
  Endpoint destination;   // its address becomes Host where an HTTP/1.0 request had none
  std::string_view host;  // replaces Host (reverse mode); empty: the client's
  // The client's address, told to the server in X-Forwarded-For, -Proto and -Host and in Forwarded
  // (RFC 7239), which are made anew: what the client sent of them, X-Real-IP and spellings with '_'
  // included, is dropped (reverse mode). AF_UNSPEC: they stay as the client sent them.
  IpAddress forwarded_for;
  std::string_view extra_fields;  // complete lines, each with its CRLF, before the empty line
};

// Octets of out that are enough for any result.
std::size_t request_head_bound(const Head& head, const RequestWriteOptions& options);
// Octets written. 0: out is smaller than the bound, nothing was written.
std::size_t write_request_head(const Head& head, const RequestPlan& plan,
                               const RequestWriteOptions& options, std::span<char> out);

struct ResponseWriteOptions {
  std::string_view via_pseudonym;
  bool close = false;  // "Connection: close": this gateway ends after this exchange; set
                       // it whenever plan.client_keep is false or the relay wants to end
  std::string_view extra_fields;
};

std::size_t response_head_bound(const Head& head, const ResponseWriteOptions& options);
std::size_t write_response_head(const Head& head, const ResponsePlan& plan,
                                const RequestFacts& request, const ResponseWriteOptions& options,
                                std::span<char> out);

}  // namespace gatehouse::worker::http
