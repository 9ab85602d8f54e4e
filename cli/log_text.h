// SPDX-License-Identifier: Apache-2.0
// Sentences that the commands for logs share. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/logs/reader.h"

namespace gatehouse::cli {

// "17 requests", "1 request".
std::string counted(std::uint64_t count, std::string_view what);

// What of a log could not be used, in lines; empty: nothing.
std::string describe_gaps(const logs::Reader& log);

}  // namespace gatehouse::cli
