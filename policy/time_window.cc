// SPDX-License-Identifier: Apache-2.0
#include "policy/time_window.h"

#include <algorithm>

namespace gatehouse::policy {

std::int32_t offset_at(const wire::PolicyZone& zone, std::int64_t now) {
  const auto& changes = zone.changes();
  const auto after = std::upper_bound(changes.begin(), changes.end(), now);
  if (after == changes.begin()) return zone.first_offset();
  return zone.offsets(static_cast<int>(after - changes.begin()) - 1);
}

std::uint32_t minute_of_week(std::int64_t now, std::int32_t offset) {
  constexpr std::int64_t kWeek = std::int64_t{kWeekMinutes} * 60;
  constexpr std::int64_t kThursday = std::int64_t{3} * 24 * 3600;  // 1970 began with one
  const std::int64_t second = ((now + offset + kThursday) % kWeek + kWeek) % kWeek;
  return static_cast<std::uint32_t>(second / 60);
}

bool within(const wire::PolicyTimes& times, const wire::PolicyZone& zone, std::int64_t now) {
  const std::uint32_t minute = minute_of_week(now, offset_at(zone, now));
  for (int i = 0; i < times.begins_size(); ++i) {
    if (minute >= times.begins(i) && minute < times.ends(i)) return true;
  }
  return false;
}

}  // namespace gatehouse::policy
