// SPDX-License-Identifier: Apache-2.0
#include "cli/logs/values.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "config/values.h"

namespace gatehouse::logs {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Of a target a worker hands over 2048 octets, of the others the logger writes so many.
bool is_cut(const Record& record) {
  return record.method.size() >= 64 || record.host.size() >= 300 || record.target.size() >= 2048;
}

Decided decided_by(const Outcome& outcome, std::string_view method) {
  if (outcome.action == "allow") return Decided::kAllow;
  if (outcome.action == "deny") return Decided::kDeny;
  // Without a policy what was not refused has passed; a request that nobody answered was perhaps
  // never decided about.
  if (method.empty() || outcome.ending == "refused") return Decided::kNothing;
  return outcome.status == 0 && method != "-" ? Decided::kNothing : Decided::kAllow;
}

std::optional<IpAddress> parse_client(std::string_view text) {
  IpAddress address{AF_INET, {}};
  std::string_view rest = text;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string_view digits = rest.substr(0, rest.find('.'));
    const auto number = parse_number(digits);
    if (!number || *number > 255 || (digits.size() > 1 && digits[0] == '0') ||
        (i < 3) != (digits.size() < rest.size())) {
      return config::parse_address(text);
    }
    address.octets[i] = static_cast<std::uint8_t>(*number);
    rest.remove_prefix(std::min(digits.size() + 1, rest.size()));
  }
  return address;
}

std::string format_time(std::int64_t seconds) {
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

std::string_view take_word(std::string_view* text) {
  const std::string_view word = text->substr(0, text->find(' '));
  text->remove_prefix(word.size());
  text->remove_prefix(std::min(text->find_first_not_of(' '), text->size()));
  return word;
}

}  // namespace gatehouse::logs
