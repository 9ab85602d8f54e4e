// SPDX-License-Identifier: Apache-2.0
#include "worker/http/head_parser.h"

#include <algorithm>
#include <cstring>

#include "worker/http/scan.h"

namespace gatehouse::worker::http {
namespace {

constexpr std::string_view kHttp = "HTTP/";
constexpr std::uint32_t kVersionSize = 8;  // "HTTP/1.1"

Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      return text == "GET" ? Method::kGet : text == "PUT" ? Method::kPut : Method::kOther;
    case 4:
      return text == "POST" ? Method::kPost : text == "HEAD" ? Method::kHead : Method::kOther;
    case 5:
      return text == "PATCH" ? Method::kPatch : text == "TRACE" ? Method::kTrace : Method::kOther;
    case 6:
      return text == "DELETE" ? Method::kDelete : Method::kOther;
    case 7:
      return text == "OPTIONS"   ? Method::kOptions
             : text == "CONNECT" ? Method::kConnect
                                 : Method::kOther;
    default:
      return Method::kOther;
  }
}

// Of an octet where a method should go on: can this be HTTP that someone got wrong, or is it
// another protocol?
bool foreign(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= 0x7f || (octet < 0x20 && octet != '\t');
}

enum class Version : std::uint8_t { kIncomplete, kRead, kBad, kOtherMajor };

// Reads "HTTP/" DIGIT "." DIGIT at the front of text.
Version read_version(std::string_view text, std::uint8_t& minor) {
  const std::size_t known = std::min(text.size(), kHttp.size());
  if (text.substr(0, known) != kHttp.substr(0, known)) return Version::kBad;
  if (text.size() > 5 && !is_digit(text[5])) return Version::kBad;
  if (text.size() > 6 && text[6] != '.') return Version::kBad;
  if (text.size() < kVersionSize) return Version::kIncomplete;
  if (!is_digit(text[7])) return Version::kBad;
  minor = static_cast<std::uint8_t>(text[7] - '0');
  return text[5] == '1' ? Version::kRead : Version::kOtherMajor;
}

}  // namespace

HeadLimits response_limits(const HeadLimits& requests) {
  HeadLimits limits = requests;
  limits.field_line = limits.head;
  return limits;
}

HeadParser::HeadParser(MessageKind kind, const HeadLimits& limits) : limits_(limits), kind_(kind) {
  limits_.head = std::min<std::uint32_t>(limits_.head, kMaxHead);
  limits_.fields = std::min<std::uint32_t>(limits_.fields, kMaxFields);
}

void HeadParser::reset() {
  phase_ = Phase::kStart;
  refusal_ = Refusal::kNone;
  line_ = 0;
  head_.size = 0;
  head_.method = Method::kOther;
  head_.method_text = head_.target = head_.reason = Span{};
  head_.minor = 1;
  head_.status = 0;
  head_.field_count = 0;
}

bool HeadParser::untouched() const {
  return refusal_ == Refusal::kNone &&
         (phase_ == Phase::kStart || phase_ == Phase::kAfterEmptyLine);
}

ParseStatus HeadParser::refuse(Refusal refusal) {
  refusal_ = refusal;
  return ParseStatus::kRefused;
}

// More octets are needed. Once the limit is reached none can help.
ParseStatus HeadParser::incomplete(std::string_view octets) {
  return octets.size() >= limits_.head ? refuse(Refusal::kHeadTooLong) : ParseStatus::kIncomplete;
}

ParseStatus HeadParser::parse(std::string_view octets) {
  if (refusal_ != Refusal::kNone) return ParseStatus::kRefused;
  head_.base = octets.data();
  octets = octets.substr(0, limits_.head);
  if (phase_ == Phase::kDone) return ParseStatus::kComplete;
  if (phase_ != Phase::kFields) {
    const ParseStatus status =
        kind_ == MessageKind::kRequest ? parse_request_line(octets) : parse_status_line(octets);
    if (status != ParseStatus::kComplete) return status;
    phase_ = Phase::kFields;
  }
  return parse_fields(octets);
}

// RFC 9112 2.2 and 3.
ParseStatus HeadParser::parse_request_line(std::string_view octets) {
  const char* const base = octets.data();
  const char* const end = base + octets.size();
  if (phase_ == Phase::kStart && !octets.empty() && octets[0] == '\r') {
    if (octets.size() < 2) return incomplete(octets);
    if (octets[1] != '\n') return refuse(Refusal::kBadLineEnd);
    line_ = 2;
    phase_ = Phase::kAfterEmptyLine;
  }
  const char* const line = base + line_;
  if (line == end) return incomplete(octets);
  if (*line == '\r') return refuse(Refusal::kEmptyLines);
  if (*line == '\n') return refuse(Refusal::kBadLineEnd);

  const char* const method_end = skip_token(line, end);
  const auto method_size = static_cast<std::uint32_t>(method_end - line);
  if (method_size > limits_.method) return refuse(Refusal::kMethodTooLong);
  if (method_end == end) return incomplete(octets);
  if (*method_end != ' ' || method_size == 0) {
    return refuse(foreign(*method_end) ? Refusal::kNotHttp : Refusal::kBadMethod);
  }
  head_.method_text = {line_, method_size};
  head_.method = method_of(head_.text(head_.method_text));

  const char* const target = method_end + 1;
  const char* const target_end = skip_target(target, end);
  // The shortest line that can come of it has a space and the version after the target.
  const auto least = static_cast<std::uint32_t>(target_end - line) + 1 + kVersionSize;
  if (least > limits_.start_line) return refuse(Refusal::kStartLineTooLong);
  if (target_end == end) return incomplete(octets);
  if (target_end == target || *target_end != ' ') {
    const bool no_version = target_end != target && (*target_end == '\r' || *target_end == '\n');
    return refuse(no_version ? Refusal::kBadVersion : Refusal::kBadTarget);
  }
  head_.target = {static_cast<std::uint32_t>(target - base),
                  static_cast<std::uint32_t>(target_end - target)};

  const char* const version = target_end + 1;
  const Version read =
      read_version({version, static_cast<std::size_t>(end - version)}, head_.minor);
  if (read == Version::kBad) return refuse(Refusal::kBadVersion);
  const char* const version_end = version + kVersionSize;
  if (read == Version::kIncomplete || version_end == end) return incomplete(octets);
  if (*version_end == '\n') return refuse(Refusal::kBadLineEnd);
  if (*version_end != '\r') return refuse(Refusal::kBadVersion);
  if (version_end + 1 == end) return incomplete(octets);
  if (version_end[1] != '\n') return refuse(Refusal::kBadLineEnd);
  if (read == Version::kOtherMajor) return refuse(Refusal::kVersionNotSupported);
  line_ = static_cast<std::uint32_t>(version_end + 2 - base);
  return ParseStatus::kComplete;
}

// RFC 9112 4. The space before an empty reason phrase may be missing: many servers leave it out.
ParseStatus HeadParser::parse_status_line(std::string_view octets) {
  const char* const base = octets.data();
  const char* const end = base + octets.size();
  const Version read = read_version(octets, head_.minor);
  if (read == Version::kBad) return refuse(Refusal::kBadStatusLine);
  if (read == Version::kOtherMajor) return refuse(Refusal::kVersionNotSupported);
  if (read == Version::kIncomplete) return incomplete(octets);
  const char* at = base + kVersionSize;
  if (at != end && *at != ' ') return refuse(Refusal::kBadStatusLine);
  std::uint16_t status = 0;
  for (int i = 1; i <= 3; ++i) {
    if (end - at <= i) return incomplete(octets);
    if (!is_digit(at[i]) || (i == 1 && at[i] == '0')) return refuse(Refusal::kBadStatusLine);
    status = static_cast<std::uint16_t>(status * 10 + (at[i] - '0'));
  }
  at += 4;
  if (at == end) return incomplete(octets);
  if (*at == ' ') {
    const char* const reason = ++at;
    at = skip_value(reason, end);
    head_.reason = {static_cast<std::uint32_t>(reason - base),
                    static_cast<std::uint32_t>(at - reason)};
  }
  if (static_cast<std::uint32_t>(at - base) > limits_.start_line) {
    return refuse(Refusal::kStartLineTooLong);
  }
  if (at == end) return incomplete(octets);
  if (*at == '\n') return refuse(Refusal::kBadLineEnd);
  if (*at != '\r') return refuse(Refusal::kBadStatusLine);
  if (at + 1 == end) return incomplete(octets);
  if (at[1] != '\n') return refuse(Refusal::kBadLineEnd);
  head_.status = status;
  line_ = static_cast<std::uint32_t>(at + 2 - base);
  return ParseStatus::kComplete;
}

// RFC 9112 5.
ParseStatus HeadParser::parse_fields(std::string_view octets) {
  const char* const base = octets.data();
  const char* const end = base + octets.size();
  for (;;) {
    const char* const line = base + line_;
    if (line == end) return incomplete(octets);
    if (*line == '\r') {
      if (line + 1 == end) return incomplete(octets);
      if (line[1] != '\n') return refuse(Refusal::kBadLineEnd);
      head_.size = line_ + 2;
      phase_ = Phase::kDone;
      return ParseStatus::kComplete;
    }
    if (is_blank(*line)) return refuse(Refusal::kFolding);
    if (head_.field_count == limits_.fields) return refuse(Refusal::kTooManyFields);

    const char* const name_end = skip_token(line, end);
    const char* colon = name_end;
    if (name_end != end && *name_end != ':') {
      if (!is_blank(*name_end) || name_end == line) {
        // A name that is too long is reported as such whatever follows it.
        if (name_end - line > limits_.field_line) return refuse(Refusal::kFieldTooLong);
        return refuse(*name_end == '\n' ? Refusal::kBadLineEnd : Refusal::kBadFieldName);
      }
      if (name_end - line <= limits_.field_line && kind_ == MessageKind::kRequest) {
        return refuse(Refusal::kSpaceBeforeColon);
      }
      colon = skip_blanks(name_end, end);
    }
    if (colon - line > limits_.field_line) return refuse(Refusal::kFieldTooLong);
    if (colon == end) return incomplete(octets);
    if (*colon != ':' || name_end == line) return refuse(Refusal::kBadFieldName);

    const char* const value = skip_blanks(colon + 1, end);
    const char* const value_end = skip_value(value, end);
    if (value_end - line > limits_.field_line) return refuse(Refusal::kFieldTooLong);
    if (value_end == end) return incomplete(octets);
    if (*value_end != '\r') {
      return refuse(*value_end == '\n' ? Refusal::kBadLineEnd : Refusal::kBadFieldValue);
    }
    if (value_end + 1 == end) return incomplete(octets);
    if (value_end[1] != '\n') return refuse(Refusal::kBadLineEnd);
    const char* trimmed = value_end;
    while (trimmed != value && is_blank(trimmed[-1])) --trimmed;

    Field& field = head_.field_array[head_.field_count++];
    field.name_begin = line_;
    field.name_size = static_cast<std::uint16_t>(name_end - line);
    field.value_begin = static_cast<std::uint32_t>(value - base);
    field.value_size = static_cast<std::uint16_t>(trimmed - value);
    field.id = field_id({line, field.name_size});
    field.space_before_colon = colon != name_end;
    field.canonical =
        colon == name_end && value == colon + 2 && colon[1] == ' ' && trimmed == value_end;
    field.drop = false;
    line_ = static_cast<std::uint32_t>(value_end + 2 - base);
  }
}

}  // namespace gatehouse::worker::http
