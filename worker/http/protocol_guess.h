// SPDX-License-Identifier: Apache-2.0
// Do the first octets of a connection begin an HTTP/1 request, or something else that may be
// tunnelled where the configuration says so?
//
// Trusts: nothing.
// Invariants:
//  1. Pure; the outcome never changes once it isn't kUndecided, however the octets are cut.
//  2. What a lenient server might take for HTTP is called HTTP, so that the parser refuses it: a
//     malformed request line that begins with a known method doesn't become a tunnel.
#pragma once

#include <cstdint>
#include <string_view>

namespace gatehouse::worker::http {

enum class Guess : std::uint8_t { kUndecided, kHttp, kOther };

// octets: all that was received. Of a request in another version of HTTP (the preface of HTTP/2 as
// well) the guess is kHttp; of RTSP, SIP and ICAP, which share methods with it, kOther.
Guess guess_protocol(std::string_view octets);

// For kUndecided, when no more comes: could they go on as a request with a known method?
bool begins_like_http(std::string_view octets);

}  // namespace gatehouse::worker::http
