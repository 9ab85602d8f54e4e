// SPDX-License-Identifier: Apache-2.0
// Our JSON lines, read without building a document.
//
// The parser of Boost.JSON, all of it, is compiled here.
#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <string>

#include "cli/logs/reader.h"
#include "cli/logs/values.h"
#include "config/values.h"
#include "policy/language/question.h"

namespace gatehouse::logs {
namespace {

namespace json = boost::json;

// Keys that are of use; texts, then numbers.
enum Key : std::size_t {
  kTime,
  kClient,
  kDestination,
  kMethod,
  kHost,
  kTarget,
  kEnding,
  kUserAgent,
  kReferer,
  kMode,
  kHostCheck,
  kRule,
  kAction,
  kTexts,
  kDestinationPort = kTexts,
  kStatus,
  kDropped,
  kKeys
};
constexpr std::array<std::string_view, kKeys> kNames = {
    "time",   "client",           "destination", "method", "host",       "target",
    "ending", "user_agent",       "referer",     "mode",   "host_check", "rule",
    "action", "destination_port", "status",      "dropped"};

// What a text of another key goes to.
constexpr std::size_t kNone = kKeys;

// The log has octets as characters of the same number; text is UTF-8.
void to_octets(std::string* text) {
  if (std::none_of(text->begin(), text->end(), [](char c) { return (c & 0x80) != 0; })) return;
  std::string octets;
  for (std::size_t i = 0; i < text->size(); ++i) {
    const auto lead = static_cast<unsigned char>((*text)[i]);
    if ((lead == 0xc2 || lead == 0xc3) && i + 1 < text->size()) {
      const auto next = static_cast<unsigned char>((*text)[++i]);
      octets.push_back(static_cast<char>((lead & 3) << 6 | (next & 0x3f)));
    } else {
      octets.push_back((*text)[i]);
    }
  }
  *text = std::move(octets);
}

// What Boost.JSON calls. false ends the parsing, with *error set.
struct Fields {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  std::array<std::string, kTexts> texts;
  std::array<std::uint64_t, kKeys - kTexts> numbers{};
  std::array<bool, kKeys> seen{};
  std::string key_text;
  std::size_t key = kNone;
  int depth = 0;

  void clear() {
    for (std::size_t i = 0; i < kTexts; ++i) {
      if (seen[i]) texts[i].clear();
    }
    seen.fill(false);
    numbers.fill(0);
    key_text.clear();
    depth = 0;
  }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code& error) { return deeper(error); }
  bool on_object_end(std::size_t, json::error_code&) { return true; }
  // Our lines are flat.
  bool on_array_begin(json::error_code& error) { return refuse(error); }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key_text.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    key_text.append(part.data(), part.size());
    key = static_cast<std::size_t>(std::find(kNames.begin(), kNames.end(), key_text) -
                                   kNames.begin());
    key_text.clear();
    if (key < kTexts) texts[key].clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    if (key < kTexts) texts[key].append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t size, json::error_code& error) {
    on_string_part(part, size, error);
    if (key < kTexts) seen[key] = true;
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code& error) {
    return on_uint64(number < 0 ? 0 : static_cast<std::uint64_t>(number), {}, error);
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    if (key >= kTexts && key < kKeys) {
      numbers[key - kTexts] = number;
      seen[key] = true;
    }
    return true;
  }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  bool deeper(json::error_code& error) { return ++depth == 1 || refuse(error); }
  static bool refuse(json::error_code& error) {
    error = json::error::too_deep;
    return false;
  }
};

class JsonParser final : public LineParser {
 public:
  JsonParser() : parser_({}) {}

  Line parse(std::string_view line, Record* record, std::uint64_t* count,
             const char** why) override {
    Fields& fields = parser_.handler();
    parser_.reset();
    fields.clear();
    json::error_code error;
    const std::size_t used = parser_.write_some(false, line.data(), line.size(), error);
    if (error || used != line.size()) {
      *why = "it is not one flat JSON object";
      return Line::kJunk;
    }
    if (fields.seen[kDropped]) {
      *count = number(kDropped);
      return Line::kDropped;
    }
    *why = take(record);
    return *why == nullptr ? Line::kRecord : Line::kJunk;
  }

 private:
  std::string& text(Key key) { return parser_.handler().texts[key]; }
  std::uint64_t number(Key key) const { return parser_.handler().numbers[key - kTexts]; }
  const char* take(Record* record);
  void take_request(Record* record);

  json::basic_parser<Fields> parser_;
};

// Why it is no record; null: it is.
const char* JsonParser::take(Record* record) {
  for (const Key key : {kMethod, kHost, kTarget, kUserAgent, kReferer, kRule}) {
    to_octets(&text(key));
  }
  // The fraction of a second counts for nothing.
  std::string_view time = text(kTime);
  const std::size_t dot = time.find('.');
  std::array<char, 24> whole{};
  if (dot == time.npos || dot + 2 > whole.size() || !time.ends_with('Z')) {
    return "it has no time such as 2026-11-24T06:03:27.000000Z";
  }
  *std::copy_n(time.begin(), dot, whole.begin()) = 'Z';
  const auto seconds = policy::parse_time({whole.data(), dot + 1});
  if (!seconds) return "it has no time such as 2026-11-24T06:03:27.000000Z";
  record->time = *seconds;
  const auto client = parse_client(text(kClient));
  if (!client) return "it has no address of a client";
  record->client = *client;
  if (!parser_.handler().seen[kMethod] || !parser_.handler().seen[kTarget]) {
    return "it has no method or no target";
  }
  take_request(record);
  return nullptr;
}

void JsonParser::take_request(Record* record) {
  record->destination.address = parse_client(text(kDestination)).value_or(IpAddress{});
  record->destination.port =
      static_cast<std::uint16_t>(std::min<std::uint64_t>(number(kDestinationPort), 65535));
  const std::string& mode = text(kMode);
  if (mode == "transparent") record->mode = wire::TRANSPARENT;
  if (mode == "forward") record->mode = wire::FORWARD;
  if (mode == "reverse") record->mode = wire::REVERSE;
  const std::string& check = text(kHostCheck);
  if (!check.empty() && check != "none") record->name_matches = check == "match";
  record->decided = decided_by({text(kAction), text(kEnding), number(kStatus)}, text(kMethod));
  record->method = text(kMethod) == "-" ? "" : std::string_view(text(kMethod));
  record->host = text(kHost);
  record->status = static_cast<unsigned>(std::min<std::uint64_t>(number(kStatus), 999));
  record->target = text(kTarget);
  record->rule = text(kRule);
  record->cut = is_cut(*record);
  if (parser_.handler().seen[kUserAgent]) record->user_agent = text(kUserAgent);
  if (parser_.handler().seen[kReferer]) record->referer = text(kReferer);
}

}  // namespace

std::unique_ptr<LineParser> make_json_parser() { return std::make_unique<JsonParser>(); }

}  // namespace gatehouse::logs
