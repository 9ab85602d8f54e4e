// SPDX-License-Identifier: Apache-2.0
// What the formats of logs have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "cli/logs/record.h"

namespace gatehouse::logs {

// Method, host or target are as long as the longest that our log holds.
bool is_cut(const Record& record);

// A decimal number and nothing else.
std::optional<std::uint64_t> parse_number(std::string_view text);

// What of our log says what was decided, and whether anything was.
struct Outcome {
  std::string_view action, ending;
  std::uint64_t status = 0;
};
// method: "-" of a tunnel, empty where no request could be read.
Decided decided_by(const Outcome& outcome, std::string_view method);

// Takes the address without the detour over a C string where it is IPv4.
std::optional<IpAddress> parse_client(std::string_view text);

// "2026-11-24T06:03:27Z".
std::string format_time(std::int64_t seconds);

// The text up to the next blank, which is taken away with the blanks behind it.
std::string_view take_word(std::string_view* text);

}  // namespace gatehouse::logs
