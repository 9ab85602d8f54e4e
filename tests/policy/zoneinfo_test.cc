// SPDX-License-Identifier: Apache-2.0
// Zone tables and hours of the week, against the C library and against malformed octets.
#include "policy/language/zoneinfo.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <random>

#include "policy/time_window.h"
#include "tests/policy/memory_files.h"

namespace gatehouse::policy {
namespace {

std::string octets_of(const std::string& zone) { return read_whole("/usr/share/zoneinfo/" + zone); }

TEST(Zoneinfo, TheTableAgreesWithTheCLibrary) {
  std::mt19937_64 random(1);
  for (const char* name :
       {"Europe/Vienna", "America/Denver", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo",
        "America/Sao_Paulo", "Pacific/Auckland", "America/Nuuk", "Europe/Dublin", "Asia/Tehran"}) {
    const auto zone = read_zone(octets_of(name), name);
    ASSERT_TRUE(zone) << name << ": " << zone.error().what;
    ::setenv("TZ", name, 1);
    ::tzset();
    for (int i = 0; i < 2000; ++i) {
      // 2020 to 2099.
      const auto now = static_cast<std::time_t>(1'577'836'801 + random() % 2'524'600'000);
      std::tm local{};
      ASSERT_NE(::localtime_r(&now, &local), nullptr);
      ASSERT_EQ(offset_at(*zone, now), local.tm_gmtoff) << name << " " << now;
      const auto minute = static_cast<std::uint32_t>((local.tm_wday + 6) % 7 * 1440 +
                                                     local.tm_hour * 60 + local.tm_min);
      ASSERT_EQ(minute_of_week(now, offset_at(*zone, now)), minute);
    }
  }
}

TEST(Zoneinfo, MalformedOctetsAreRefused) {
  const std::string right = octets_of("Europe/Vienna");
  ASSERT_TRUE(read_zone(right, "x"));
  EXPECT_FALSE(read_zone("", "x"));
  EXPECT_FALSE(read_zone("TZif", "x"));
  std::string old = right;
  old[4] = '\0';
  EXPECT_FALSE(read_zone(old, "x"));
  for (std::size_t size = 0; size < right.size(); ++size) {
    EXPECT_FALSE(read_zone(right.substr(0, size), "x")) << size;
  }
  // Whatever an octet becomes, the answer is a table in order or a refusal.
  std::mt19937_64 random(2);
  for (int i = 0; i < 20'000; ++i) {
    std::string octets = right;
    octets[random() % octets.size()] = static_cast<char>(random());
    const auto zone = read_zone(octets, "x");
    if (!zone) continue;
    ASSERT_EQ(zone->changes_size(), zone->offsets_size());
    ASSERT_TRUE(std::is_sorted(zone->changes().begin(), zone->changes().end()));
  }
}

}  // namespace
}  // namespace gatehouse::policy
