// SPDX-License-Identifier: Apache-2.0
#include "logger/timestamp.h"

#include <algorithm>
#include <string_view>

namespace gatehouse::logger {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;
constexpr std::uint64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr std::uint64_t kSecondsPerDay = 86'400;

struct Date {
  unsigned year, month, day;
};

// The Gregorian date of a day counted from 1970-01-01, by eras of 400 years that begin in March
// (so that the leap day is the last of its year).
Date date_of(std::uint64_t days) {
  const std::uint64_t shifted = days + 719'468;  // from 0000-03-01
  const std::uint64_t era = shifted / 146'097;
  const auto day_of_era = static_cast<unsigned>(shifted % 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month_from_march = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const unsigned year = static_cast<unsigned>(era) * 400 + year_of_era + (month <= 2 ? 1 : 0);
  return {year, month, day};
}

void append_padded(unsigned value, unsigned digits, std::string* out) {
  char text[10];
  for (unsigned i = digits; i-- > 0; value /= 10) text[i] = static_cast<char>('0' + value % 10);
  out->append(text, digits);
}

}  // namespace

void Timestamp::set_second(std::uint64_t second) {
  if (second == second_) return;
  second_ = second;
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const Date date = date_of(second / kSecondsPerDay);
  const auto in_day = static_cast<unsigned>(second % kSecondsPerDay);
  std::string clock;
  append_padded(in_day / 3600, 2, &clock);
  clock += ':';
  append_padded(in_day / 60 % 60, 2, &clock);
  clock += ':';
  append_padded(in_day % 60, 2, &clock);

  rfc3339_.clear();
  append_padded(date.year, 4, &rfc3339_);
  rfc3339_ += '-';
  append_padded(date.month, 2, &rfc3339_);
  rfc3339_ += '-';
  append_padded(date.day, 2, &rfc3339_);
  rfc3339_.append("T").append(clock);

  common_.clear();
  append_padded(date.day, 2, &common_);
  common_.append("/").append(kMonths.substr((date.month - 1) * 3, 3)).append("/");
  append_padded(date.year, 4, &common_);
  common_.append(":").append(clock).append(" +0000");
}

void Timestamp::append_rfc3339(std::uint64_t microseconds, std::string* out) {
  set_second(std::min(microseconds / kMillion, kLastSecond));
  out->append(rfc3339_).append(".");
  append_padded(static_cast<unsigned>(microseconds % kMillion), 6, out);
  out->append("Z");
}

void Timestamp::append_common(std::uint64_t microseconds, std::string* out) {
  set_second(std::min(microseconds / kMillion, kLastSecond));
  out->append(common_);
}

}  // namespace gatehouse::logger
