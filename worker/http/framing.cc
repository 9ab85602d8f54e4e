// SPDX-License-Identifier: Apache-2.0
#include "worker/http/framing.h"

#include <limits>
#include <optional>

#include "worker/http/scan.h"

namespace gatehouse::worker::http {
namespace {

// 1*DIGIT within 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

}  // namespace

Refusal ContentLength::add(std::string_view value) {
  if (present_ && !allow_repeated_) return Refusal::kManyContentLengths;
  ListReader list(value);
  std::string_view member = value;
  if (allow_repeated_) list.next(member);
  do {
    const std::optional<std::uint64_t> number = parse_number(member);
    if (!number) return Refusal::kBadContentLength;
    if (present_ && *number != value_) return Refusal::kManyContentLengths;
    present_ = true;
    value_ = *number;
  } while (allow_repeated_ && list.next(member));
  return Refusal::kNone;
}

Refusal TransferEncoding::add(std::string_view value) {
  present_ = true;
  if (equals_ignoring_case(value, "chunked") && !chunked_last_) {
    chunked_last_ = true;
    return Refusal::kNone;
  }
  ListReader list(value);
  std::string_view member;
  while (list.next(member)) {
    // chunked is applied once and last (RFC 9112 6.1), so nothing may follow it.
    if (chunked_last_) return Refusal::kBadTransferEncoding;
    const std::string_view coding = trim(member.substr(0, member.find(';')));
    // An empty member is refused although RFC 9110 5.6.1.2 would skip it; identity is gone.
    if (!is_token(coding) || equals_ignoring_case(coding, "identity")) {
      return Refusal::kBadTransferEncoding;
    }
    if (!equals_ignoring_case(coding, "chunked")) {
      others_ = true;
    } else if (coding.size() != member.size()) {
      return Refusal::kBadTransferEncoding;  // chunked has no parameters (RFC 9112 7.1)
    } else {
      chunked_last_ = true;
    }
  }
  return Refusal::kNone;
}

Refusal TransferEncoding::verdict() const {
  if (!chunked_last_) return Refusal::kBadTransferEncoding;
  return others_ ? Refusal::kCodingNotUnderstood : Refusal::kNone;
}

}  // namespace gatehouse::worker::http
