// SPDX-License-Identifier: Apache-2.0
// Strict, resumable parser of HTTP/1 request and response heads (RFC 9112 2 to 5).
//
// Trusts: nothing; every octet is hostile.
// Invariants:
// 1. The outcome depends on the octets alone: however they are cut into calls, the result and
//    its refusal are the same. It is decided by the first octet that is wrong.
// 2. No allocation; never reads past the octets given.
// 3. An octet that can't begin or continue a valid head is refused at once, not at the line end.
// Not here: what fields mean (request_rules.h, response_rules.h).
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/http/head.h"
#include "worker/http/refusal.h"

namespace gatehouse::worker::http {

// In octets, line ends not counted unless said.
struct HeadLimits {
  std::uint32_t method = 64;        // longer: 501 (RFC 9112 3)
  std::uint32_t start_line = 8000;  // longer: 414; RFC 9112 3 asks for at least 8000
  std::uint32_t field_line = 8192;  // longer: 431
  std::uint32_t head = 32768;       // line ends counted; longer: 431; at most kMaxHead
  std::uint32_t fields = 100;       // more: 431; at most kMaxFields
};

// For responses: a single field line may fill the head, as long policies and cookies do.
HeadLimits response_limits(const HeadLimits& requests);

enum class ParseStatus : std::uint8_t { kIncomplete, kComplete, kRefused };

// About 2 KiB; trivially copyable. One per worker serves all connections whose heads arrive whole.
// For an incomplete head either keep the parser (or a copy) with the connection, or forget it,
// keep the octets, reset() and parse them again from the start: the result is the same.
class HeadParser {
 public:
  explicit HeadParser(MessageKind kind, const HeadLimits& limits = {});

  // Before each new message.
  void reset();

  // octets: everything received so far from the first octet of this message on (also what earlier
  // calls have seen; it may lie elsewhere in memory now). Octets after the head are not looked at:
  // head().size says where they begin.
  ParseStatus parse(std::string_view octets);

  // After kComplete: everything. After kRefused: the start line as far as it was understood
  // (method_text, target may be empty), for the log. Mutable: the rules mark fields.
  Head& head() { return head_; }
  const Head& head() const { return head_; }
  // After kRefused.
  Refusal refusal() const { return refusal_; }
  // No octet of a message was seen yet, an ignored empty line aside.
  bool untouched() const;

 private:
  enum class Phase : std::uint8_t { kStart, kAfterEmptyLine, kFields, kDone };

  ParseStatus parse_request_line(std::string_view octets);
  ParseStatus parse_status_line(std::string_view octets);
  ParseStatus parse_fields(std::string_view octets);
  ParseStatus refuse(Refusal refusal);
  ParseStatus incomplete(std::string_view octets);

  HeadLimits limits_;
  MessageKind kind_;
  Phase phase_ = Phase::kStart;
  Refusal refusal_ = Refusal::kNone;
  std::uint32_t line_ = 0;  // begin of the first line that isn't complete
  Head head_;
};

}  // namespace gatehouse::worker::http
