// SPDX-License-Identifier: Apache-2.0
// The answers that the gateway makes itself: a complete response with a short page, the echo of
// TRACE, the answer to OPTIONS.
//
// Invariant: a page holds nothing of the request; what comes from the administrator (a reason, what
// goes into a template) is escaped. The echo of TRACE is message/http without the fields that
// carry credentials.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "worker/http/error_template.h"
#include "worker/http/head.h"
#include "worker/http/refusal.h"
#include "worker/http/request_rules.h"

namespace gatehouse::worker::http {

enum class PageFormat : std::uint8_t { kHtml, kJson, kText };

// By an Accept field (RFC 9110 12.5.1). kText where it names neither HTML nor JSON, or is empty.
PageFormat page_format(std::string_view accept);

// "Bad Gateway" for 502; "Error" for a status not in the list.
std::string_view status_phrase(std::uint16_t status);

struct ErrorPage {
  Refusal refusal = Refusal::kNone;
  MessageKind kind = MessageKind::kRequest;  // which message has the fault
  PageFormat format = PageFormat::kText;
  bool close = true;                    // "Connection: close"
  bool head_request = false;            // no body, its length declared nevertheless
  bool client_http10 = false;           // a kept connection is announced
  std::string_view reference = {};      // leads to the log record; empty: none is shown
  const ErrorTemplate* html = nullptr;  // instead of the built-in HTML; may be empty
  // Of a denial by policy.
  std::string_view rule = {};      // its name: letters, digits, '-', '_', '.'; empty: no policy
  std::string_view reason = {};    // instead of the refusal's sentence; printable ASCII
  std::string_view location = {};  // 302 to this URI-reference, without content
  bool empty = false;              // no content
  std::uint32_t retry_after = 0;   // seconds; of a 429
};

// As sent to the client.
std::uint16_t page_status(const ErrorPage& page);

// Enough for any error page with a rule of 64 octets, a reason of 200 and a location of 1000.
inline constexpr std::size_t kErrorPageBound = 4096;
// Octets written, head and body. 0: out is smaller than kErrorPageBound. A template whose page is
// longer than kMaxPage, or doesn't fit into out behind as much, gives way to the built-in page.
std::size_t write_error_page(const ErrorPage& page, std::span<char> out);

// For plan.recipient other than kUpstream: 200 with the request as received (TRACE, RFC 9110 9.3.8)
// or 200 with Allow (OPTIONS). close as above. 0: out is smaller than head.size + head.field_count
// + kErrorPageBound.
std::size_t write_gateway_answer(const Head& head, const RequestPlan& plan, bool close,
                                 std::span<char> out);

// "HTTP/1.1 100 Continue\r\n\r\n", for a relay that tells the client to go on by itself.
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace gatehouse::worker::http
