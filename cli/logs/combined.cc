// SPDX-License-Identifier: Apache-2.0
// Our lines in the combined format (docs/logging.md). They don't tell the listener's mode, nor
// whether a name was verified.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "cli/logs/reader.h"
#include "cli/logs/values.h"
#include "config/values.h"

namespace gatehouse::logs {
namespace {

constexpr char kOther[] = "it is no line of a format that is known";
constexpr char kCommon[] =
    "it lacks what the gateway's own combined format has behind the user agent";

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// "24/Nov/2026:06:03:27 +0000" as seconds since 1970.
std::optional<std::int64_t> parse_common_time(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 26 || text[2] != '/' || text[6] != '/' || text[11] != ':' || text[14] != ':' ||
      text[17] != ':' || !text.ends_with(" +0000")) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t size) {
    return parse_number(text.substr(at, size));
  };
  const auto day = number(0, 2), year = number(7, 4), hour = number(12, 2);
  const auto minute = number(15, 2), second = number(18, 2);
  const std::size_t month = kMonths.find(text.substr(3, 3));
  if (!day || !year || !hour || !minute || !second || month == kMonths.npos || month % 3 != 0) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86'400 + static_cast<std::int64_t>(*hour * 3600 + *minute * 60 + *second);
}

class CombinedParser final : public LineParser {
 public:
  Line parse(std::string_view line, Record* record, std::uint64_t* count,
             const char** why) override {
    if (line.starts_with("- - - [")) return parse_dropped(line, count, why);
    *why = take(line, record);
    return *why == nullptr ? Line::kRecord : Line::kJunk;
  }

 private:
  // Texts in quotes, in their order.
  enum Text : std::size_t {
    kRequest,
    kReferer,
    kUserAgent,
    kHost,
    kReason,
    kReference,
    kRule,
    kAudit,
    kTags,
    kTexts
  };

  Line parse_dropped(std::string_view line, std::uint64_t* count, const char** why);
  const char* take(std::string_view line, Record* record);
  void take_request(Record* record);
  bool take_text(std::string_view* line, Text which);
  std::string_view text(Text which) const {
    return texts_[which] == "-" ? std::string_view() : texts_[which];
  }

  std::array<std::string, kTexts> texts_;
};

// "- - - [TIME] dropped 42 records ..."
Line CombinedParser::parse_dropped(std::string_view line, std::uint64_t* count, const char** why) {
  constexpr std::string_view kWord = "] dropped ";
  const std::size_t at = line.find(kWord);
  if (at != line.npos) line.remove_prefix(at + kWord.size());
  const auto number = parse_number(take_word(&line));
  *why = kOther;
  if (at == line.npos || !number) return Line::kJunk;
  *count = *number;
  return Line::kDropped;
}

// A text in quotes with \xHH in it, and the blank behind it.
bool CombinedParser::take_text(std::string_view* line, Text which) {
  std::string& out = texts_[which];
  out.clear();
  if (!line->starts_with('"')) return false;
  std::size_t at = 1;
  for (; at < line->size() && (*line)[at] != '"'; ++at) {
    const bool escaped = (*line)[at] == '\\' && at + 3 < line->size() && (*line)[at + 1] == 'x' &&
                         hex((*line)[at + 2]) >= 0 && hex((*line)[at + 3]) >= 0;
    if (!escaped) {
      out.push_back((*line)[at]);
      continue;
    }
    out.push_back(static_cast<char>(hex((*line)[at + 2]) * 16 + hex((*line)[at + 3])));
    at += 3;
  }
  if (at >= line->size()) return false;
  line->remove_prefix(at + 1);
  if (line->starts_with(' ')) line->remove_prefix(1);
  return true;
}

// Why it is no record; null: it is.
const char* CombinedParser::take(std::string_view line, Record* record) {
  const auto client = parse_client(take_word(&line));
  const std::size_t bracket = line.find("] ");
  if (!client || !line.starts_with("- - [") || bracket == line.npos) return kOther;
  record->client = *client;
  const auto time = parse_common_time(line.substr(5, bracket - 5));
  if (!time) return "it has no time such as [24/Nov/2026:06:03:27 +0000]";
  record->time = *time;
  line.remove_prefix(bracket + 2);
  Outcome outcome;
  if (!take_text(&line, kRequest)) return kOther;
  const auto status = parse_number(take_word(&line)), octets = parse_number(take_word(&line));
  if (!status || !octets || !take_text(&line, kReferer) || !take_text(&line, kUserAgent)) {
    return kOther;
  }
  if (!take_text(&line, kHost)) return kCommon;
  const auto destination = config::parse_endpoint(take_word(&line));
  const auto took = parse_number(take_word(&line));
  outcome.status = *status;
  outcome.ending = take_word(&line);
  if (!destination || !took || !take_text(&line, kReason)) return kCommon;
  take_word(&line);  // the worker
  if (!take_text(&line, kReference) || !take_text(&line, kRule)) return kCommon;
  outcome.action = take_word(&line);
  if (!take_text(&line, kAudit) || !take_text(&line, kTags)) return kCommon;
  record->destination = *destination;
  record->status = static_cast<unsigned>(std::min<std::uint64_t>(*status, 999));
  take_request(record);
  // A tunnel looks like a request that could not be read, unless a policy has decided about it.
  record->decided = decided_by(outcome, record->method);
  return nullptr;
}

void CombinedParser::take_request(Record* record) {
  std::string_view request = text(kRequest);
  record->method = take_word(&request);
  record->target = request.substr(0, request.rfind(" HTTP/"));
  record->host = text(kHost);
  record->rule = text(kRule);
  record->user_agent = text(kUserAgent);
  record->referer = text(kReferer);
  record->cut = is_cut(*record);
}

}  // namespace

std::unique_ptr<LineParser> make_combined_parser() { return std::make_unique<CombinedParser>(); }

}  // namespace gatehouse::logs
