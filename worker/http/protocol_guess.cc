// SPDX-License-Identifier: Apache-2.0
#include "worker/http/protocol_guess.h"

#include <algorithm>
#include <cstddef>

#include "worker/http/scan.h"

namespace gatehouse::worker::http {
namespace {

// RFC 9110 9.3, RFC 5789, and what WebDAV clients send (RFC 4918, 3253, 5323).
constexpr std::string_view kMethods[] = {
    "GET",      "HEAD",      "POST",  "PUT",  "DELETE", "CONNECT", "OPTIONS", "TRACE",  "PATCH",
    "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE",   "LOCK",    "UNLOCK",  "REPORT", "SEARCH",
};

constexpr std::string_view kHttp = "HTTP/";
constexpr std::string_view kOthers[] = {"RTSP/", "SIP/", "ICAP/"};

constexpr std::size_t kMaxMethod = 64;
// A request line that is still going on here is the parser's business.
constexpr std::size_t kLongLine = 8000;

bool is_known(std::string_view method) {
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

// One of the two is the beginning of the other.
bool agree(std::string_view a, std::string_view b) {
  const std::size_t size = std::min(a.size(), b.size());
  return a.substr(0, size) == b.substr(0, size);
}

// One empty line before a request is ignored (RFC 9112 2.2).
std::string_view without_empty_line(std::string_view octets) {
  return octets.substr(0, 2) == "\r\n" ? octets.substr(2) : octets;
}

// What stands where a request line has its version. known: the method is one of HTTP's.
Guess guess_version(std::string_view text, bool known) {
  if (agree(text, kHttp)) return text.size() < kHttp.size() ? Guess::kUndecided : Guess::kHttp;
  for (const std::string_view other : kOthers) {
    if (agree(text, other)) return text.size() < other.size() ? Guess::kUndecided : Guess::kOther;
  }
  return known ? Guess::kHttp : Guess::kOther;
}

}  // namespace

Guess guess_protocol(std::string_view octets) {
  if (octets == "\r") return Guess::kUndecided;
  const std::string_view line = without_empty_line(octets);
  if (line.empty()) return Guess::kUndecided;
  const char* const end = line.data() + line.size();
  const char* const method_end = skip_token(line.data(), end);
  const std::string_view method =
      line.substr(0, static_cast<std::size_t>(method_end - line.data()));
  const bool known = is_known(method);
  if (method.size() > kMaxMethod) return Guess::kOther;
  if (method_end == end) return Guess::kUndecided;
  if (*method_end != ' ' || method.empty()) return known ? Guess::kHttp : Guess::kOther;
  const char* const target_end = skip_target(method_end + 1, end);
  if (target_end == end) return line.size() > kLongLine ? Guess::kHttp : Guess::kUndecided;
  if (*target_end != ' ') return known ? Guess::kHttp : Guess::kOther;
  return guess_version({target_end + 1, static_cast<std::size_t>(end - target_end - 1)}, known);
}

bool begins_like_http(std::string_view octets) {
  const std::string_view line = without_empty_line(octets);
  const std::string_view method = line.substr(0, line.find(' '));
  if (method.size() < line.size()) return is_known(method);
  return std::any_of(std::begin(kMethods), std::end(kMethods), [&](std::string_view candidate) {
    return candidate.substr(0, method.size()) == method;
  });
}

}  // namespace gatehouse::worker::http
