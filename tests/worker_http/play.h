// SPDX-License-Identifier: Apache-2.0
// Plays one side of a connection in memory through parser, rules, chunk decoder and writer, as a
// relay would: what goes to the other side and what the gateway answers itself.
//
// A message is handed on only when it is whole, so that the record doesn't depend on timing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "worker/http/head_parser.h"
#include "worker/http/request_rules.h"
#include "worker/http/response_rules.h"

namespace gatehouse::worker::http {

using Pieces = std::vector<std::string_view>;

struct PlaySettings {
  RequestSettings request;
  Endpoint destination;
  HeadLimits limits;
  std::string_view via;
};

// What became of the messages of a client.
struct RequestRecord {
  std::vector<std::string> forwarded;  // one string per whole message
  std::vector<RequestFacts> facts;     // of each of them
  std::string answer;                  // "": none; "400C", "200": by the gateway, C: it closes
  Refusal refusal = Refusal::kNone;
  std::size_t unread = 0;  // octets that were not looked at, as the connection ends before them
  bool operator==(const RequestRecord& other) const;
};

RequestRecord play_requests(const Pieces& pieces, const PlaySettings& settings);

// What became of the response to one request, the upstream ending after the pieces.
struct ResponseRecord {
  std::string outcome;    // "OK", "OKU" (upstream closed), "502C", "ABORT", as in the corpus
  std::string to_client;  // octets, as far as they went
  Refusal refusal = Refusal::kNone;
  bool operator==(const ResponseRecord&) const = default;
};

ResponseRecord play_response(const Pieces& pieces, const RequestFacts& request,
                             const PlaySettings& settings);

}  // namespace gatehouse::worker::http
