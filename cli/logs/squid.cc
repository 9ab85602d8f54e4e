// SPDX-License-Identifier: Apache-2.0
// Squid's native log: TIME ELAPSED CLIENT CODE/STATUS OCTETS METHOD URL USER HIERARCHY/PEER TYPE
// (https://wiki.squid-cache.org/Features/LogFormat).
#include <algorithm>

#include "cli/logs/reader.h"
#include "cli/logs/values.h"
#include "config/values.h"

namespace gatehouse::logs {
namespace {

bool has_word(std::string_view code, std::string_view word) { return code.find(word) != code.npos; }

// 407 asks who is there before anything is decided; NONE and "error:" mean that there was no
// request to decide about.
Decided decided(std::string_view code, std::uint64_t status, std::string_view url) {
  if (status == 407 || url.starts_with("error:")) return Decided::kNothing;
  if (has_word(code, "DENIED")) return Decided::kDeny;
  if (code.starts_with("NONE") && status >= 400) return Decided::kNothing;
  return Decided::kAllow;
}

class SquidParser final : public LineParser {
 public:
  Line parse(std::string_view line, Record* record, std::uint64_t*, const char** why) override {
    const auto time = parse_number(line.substr(0, line.find('.')));
    take_word(&line);
    const std::string_view elapsed = take_word(&line);
    const auto client = parse_client(take_word(&line));
    const std::string_view result = take_word(&line);
    const std::size_t slash = std::min(result.find('/'), result.size());
    const auto status = parse_number(result.substr(std::min(slash + 1, result.size())));
    const auto octets = parse_number(take_word(&line));
    const std::string_view method = take_word(&line), url = take_word(&line);
    take_word(&line);  // the user
    const std::string_view peer = take_word(&line);
    *why = "it is no line of Squid's native format";
    if (!time || !client || !status || !octets || method.empty() || url.empty()) {
      return Line::kJunk;
    }
    // The line is written at the end; the request was there so many milliseconds before.
    const std::uint64_t before = parse_number(elapsed).value_or(0) / 1000;
    record->time = static_cast<std::int64_t>(std::min<std::uint64_t>(*time, 1ULL << 40)) -
                   static_cast<std::int64_t>(std::min<std::uint64_t>(before, 1ULL << 40));
    record->client = *client;
    record->status = static_cast<unsigned>(std::min<std::uint64_t>(*status, 999));
    record->method = method;
    record->target = url;
    record->decided = decided(result.substr(0, slash), *status, url);
    const std::size_t behind = peer.rfind('/');
    if (behind != peer.npos && peer.find("DIRECT") != peer.npos) {
      record->destination.address =
          config::parse_address(peer.substr(behind + 1)).value_or(IpAddress{});
    }
    return Line::kRecord;
  }
};

}  // namespace

std::unique_ptr<LineParser> make_squid_parser() { return std::make_unique<SquidParser>(); }

}  // namespace gatehouse::logs
