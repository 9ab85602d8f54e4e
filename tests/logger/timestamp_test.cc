// SPDX-License-Identifier: Apache-2.0
#include "logger/timestamp.h"

#include <gtest/gtest.h>
#include <time.h>

namespace gatehouse::logger {
namespace {

TEST(Timestamp, Examples) {
  Timestamp timestamp;
  std::string out;
  timestamp.append_rfc3339(0, &out);
  EXPECT_EQ(out, "1970-01-01T00:00:00.000000Z");
  out.clear();
  timestamp.append_rfc3339(1'795'500'207'000'042, &out);
  EXPECT_EQ(out, "2026-11-24T06:03:27.000042Z");
  out.clear();
  timestamp.append_common(1'795'500'207'999'999, &out);
  EXPECT_EQ(out, "24/Nov/2026:06:03:27 +0000");
}

TEST(Timestamp, AgreesWithTheCLibraryOverCenturies) {
  Timestamp timestamp;
  // A step that is no multiple of anything in the calendar: 11 days and a bit.
  for (std::uint64_t second = 0; second < 16'000'000'000; second += 987'654) {
    const auto time = static_cast<time_t>(second);
    tm parts{};
    gmtime_r(&time, &parts);
    char expected[64];
    strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000001Z", &parts);
    std::string out;
    timestamp.append_rfc3339(second * 1'000'000 + 1, &out);
    ASSERT_EQ(out, expected);
    strftime(expected, sizeof expected, "%d/%b/%Y:%H:%M:%S +0000", &parts);
    out.clear();
    timestamp.append_common(second * 1'000'000, &out);
    ASSERT_EQ(out, expected);
  }
}

TEST(Timestamp, NoTimeMakesALongText) {
  Timestamp timestamp;
  std::string out;
  timestamp.append_rfc3339(~std::uint64_t{0}, &out);
  EXPECT_EQ(out, "9999-12-31T23:59:59.551615Z");
}

}  // namespace
}  // namespace gatehouse::logger
