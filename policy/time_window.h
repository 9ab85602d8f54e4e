// SPDX-License-Identifier: Apache-2.0
// Hours of the week in a time zone, without a clock and without zone files.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/policy.pb.h"

namespace gatehouse::policy {

inline constexpr std::uint32_t kWeekMinutes = 7 * 24 * 60;

// Seconds that local time is ahead of UTC at now (seconds since 1970).
std::int32_t offset_at(const wire::PolicyZone& zone, std::int64_t now);

// Minutes since Monday 00:00 local time.
std::uint32_t minute_of_week(std::int64_t now, std::int32_t offset);

bool within(const wire::PolicyTimes& times, const wire::PolicyZone& zone, std::int64_t now);

}  // namespace gatehouse::policy
