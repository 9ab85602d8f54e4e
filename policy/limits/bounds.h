// SPDX-License-Identifier: Apache-2.0
// The longest time that a limit may look ahead.
#pragma once

#include <cstdint>

namespace gatehouse::policy {

// Nanoseconds, a day: what a burst takes to come back. What stands further ahead in a table that
// several processes write is not an honest one's.
inline constexpr std::uint64_t kLongestLimit = 86'400'000'000'000;

}  // namespace gatehouse::policy
