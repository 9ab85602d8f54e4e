// SPDX-License-Identifier: Apache-2.0
// An upstream's octets through the gateway: any cut gives the same; what the client gets is, to a
// second parser, the same interim responses and one final response, and nothing more.
#include <cstdint>

#include "tests/fuzz/http_oracle.h"
#include "tests/worker_http/play.h"

namespace gatehouse::fuzz {
namespace {

using worker::http::Method;
using worker::http::Pieces;
using worker::http::play_response;
using worker::http::PlaySettings;
using worker::http::RequestFacts;
using worker::http::ResponseRecord;

void check(std::string_view octets, const RequestFacts& request, std::size_t cut) {
  const PlaySettings settings;
  const ResponseRecord whole = play_response({octets}, request, settings);
  const Pieces halves = {octets.substr(0, cut), octets.substr(cut)};
  REQUIRE(play_response(halves, request, settings) == whole, octets);
  Pieces pieces;
  const std::size_t step = 1 + cut % 7;
  for (std::size_t i = 0; i < octets.size(); i += step) pieces.push_back(octets.substr(i, step));
  REQUIRE(play_response(pieces, request, settings) == whole, octets);

  const bool tunnel = request.websocket || request.method == Method::kConnect;
  if (!whole.outcome.starts_with("OK") || tunnel) return;
  const std::string& sent = whole.to_client;
  const OracleReading reading = oracle_responses(sent, request.method == Method::kHead, true);
  if (!reading.competent) return;
  REQUIRE(reading.error.empty(), sent);
  REQUIRE(!reading.messages.empty(), sent);
  for (std::size_t i = 0; i < reading.messages.size(); ++i) {
    REQUIRE(reading.messages[i].complete, sent);
    REQUIRE((reading.messages[i].status < 200) == (i + 1 < reading.messages.size()), sent);
  }
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gatehouse::worker::http::Method;
  if (size < 2) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data), size - 2);
  const std::uint8_t choice = data[size - 2];
  static constexpr Method kMethods[] = {Method::kGet, Method::kHead, Method::kConnect,
                                        Method::kPost};
  gatehouse::worker::http::RequestFacts request;
  request.method = kMethods[choice & 3];
  request.client_minor = (choice & 4) != 0 ? 0 : 1;
  request.keep_alive = (choice & 8) == 0;
  request.te_trailers = (choice & 16) != 0 && request.client_minor == 1;
  request.websocket = (choice & 32) != 0 && request.method == Method::kGet;
  const std::size_t cut = octets.empty() ? 0 : (data[size - 1] * 16u) % octets.size();
  gatehouse::fuzz::check(octets, request, cut);
  return 0;
}
