// SPDX-License-Identifier: Apache-2.0
// The second parser of the fuzz targets: Debian's libhttp-parser (node's http_parser 2.9).
//
// Its build there is the lenient one, which suits what it is asked: how another implementation
// understands the octets that leave the gateway.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::fuzz {

struct OracleMessage {
  std::string method;  // requests
  std::string target;
  unsigned status = 0;                                      // responses
  std::vector<std::pair<std::string, std::string>> fields;  // trailers included
  std::string body;
  bool complete = false;
};

struct OracleReading {
  // False: it can't judge these octets. It has a fixed list of methods and this isn't on it, or a
  // field name only begins with Transfer-Encoding, which it takes for that field (2.9.4 sets
  // uses_transfer_encoding before it has seen the colon).
  bool competent = true;
  std::string error;  // empty: all octets were understood
  std::vector<OracleMessage> messages;
};

// head_request: the response is one to HEAD. ended: the connection ends after the octets.
OracleReading oracle_requests(std::string_view octets);
OracleReading oracle_responses(std::string_view octets, bool head_request, bool ended);

// Aborts with the octets on standard error.
[[noreturn]] void disagree(const char* what, std::string_view octets);
#define REQUIRE(condition, octets) \
  ((condition) ? void(0) : ::gatehouse::fuzz::disagree(#condition, (octets)))

}  // namespace gatehouse::fuzz
