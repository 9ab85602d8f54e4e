// SPDX-License-Identifier: Apache-2.0
// A client's octets through the gateway: any cut gives the same; what is forwarded is accepted
// again unchanged; a second parser finds in it the same messages, one by one and in a row.
#include <cstdint>

#include "tests/fuzz/http_oracle.h"
#include "tests/worker_http/play.h"
#include "worker/http/head_parser.h"

namespace gatehouse::fuzz {
namespace {

using worker::http::HeadParser;
using worker::http::MessageKind;
using worker::http::Method;
using worker::http::Mode;
using worker::http::ParseStatus;
using worker::http::play_requests;
using worker::http::PlaySettings;
using worker::http::RequestRecord;

// What left the gateway, read by the other parser as exactly one message.
void compare(const std::string& message) {
  const OracleReading reading = oracle_requests(message);
  if (!reading.competent) return;
  REQUIRE(reading.error.empty(), message);
  REQUIRE(reading.messages.size() == 1, message);
  const OracleMessage& theirs = reading.messages[0];
  REQUIRE(theirs.complete, message);
  HeadParser parser(MessageKind::kRequest, {.head = worker::http::kMaxHead, .fields = 128});
  REQUIRE(parser.parse(message) == ParseStatus::kComplete, message);
  const auto& head = parser.head();
  REQUIRE(theirs.method == head.text(head.method_text), message);
  REQUIRE(theirs.target == head.text(head.target), message);
  REQUIRE(theirs.fields.size() == head.field_count, message);
  for (std::size_t i = 0; i < theirs.fields.size(); ++i) {
    REQUIRE(theirs.fields[i].first == head.name(head.fields()[i]), message);
    REQUIRE(theirs.fields[i].second == head.value(head.fields()[i]), message);
  }
}

void check(std::string_view octets, Mode mode, std::size_t cut) {
  PlaySettings settings;
  settings.request.mode = mode;
  settings.destination = {{AF_INET, {192, 0, 2, 1}}, 80};
  const RequestRecord whole = play_requests({octets}, settings);
  REQUIRE((play_requests({octets.substr(0, cut), octets.substr(cut)}, settings) == whole), octets);
  worker::http::Pieces pieces;
  const std::size_t step = 1 + cut % 7;
  for (std::size_t i = 0; i < octets.size(); i += step) pieces.push_back(octets.substr(i, step));
  REQUIRE(play_requests(pieces, settings) == whole, octets);

  std::string all;
  bool comparable = true;
  for (std::size_t i = 0; i < whole.forwarded.size(); ++i) {
    const std::string& message = whole.forwarded[i];
    compare(message);
    all += message;
    comparable = comparable && !whole.facts[i].websocket &&
                 whole.facts[i].method != Method::kConnect && oracle_requests(message).competent;
    // Forwarded once more it stays what it is. A forward proxy's requests have another form, and
    // Max-Forwards counts down.
    const Method method = whole.facts[i].method;
    if (mode == Mode::kForward || method == Method::kTrace || method == Method::kOptions) continue;
    const RequestRecord again = play_requests({message}, settings);
    REQUIRE(again.forwarded.size() == 1 && again.forwarded[0] == message, message);
  }
  // On one connection nothing of one message is taken for part of another.
  if (!comparable) return;
  const OracleReading reading = oracle_requests(all);
  REQUIRE(reading.error.empty(), all);
  REQUIRE(reading.messages.size() == whole.forwarded.size(), all);
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gatehouse::worker::http::Mode;
  if (size < 2) return 0;
  // The last two octets choose the mode and the cut.
  const std::string_view octets(reinterpret_cast<const char*>(data), size - 2);
  static constexpr Mode kModes[] = {Mode::kTransparent, Mode::kForward, Mode::kReverse};
  const std::size_t cut = octets.empty() ? 0 : (data[size - 1] * 16u) % octets.size();
  gatehouse::fuzz::check(octets, kModes[data[size - 2] % 3], cut);
  return 0;
}
