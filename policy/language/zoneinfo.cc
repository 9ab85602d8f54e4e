// SPDX-License-Identifier: Apache-2.0
#include "policy/language/zoneinfo.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

namespace gatehouse::policy {
namespace {

using std::chrono::sys_days;

constexpr std::int64_t kFirstMoment = 1'577'836'800;  // 2020-01-01T00:00Z
constexpr std::int32_t kLargestOffset = 26 * 3600;    // seconds; RFC 8536 3.2 names about as much
constexpr std::uint32_t kMostChanges = 10'000;

Error wrong(const char* what) { return Error{EBADMSG, std::string("is no zone file: ") + what}; }

// Reads from the front; once something is missing, everything is 0 and failed() is true.
class Reader {
 public:
  explicit Reader(std::string_view octets) : rest_(octets) {}

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  // Big-endian, signed.
  std::int64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const char c : take(size)) value = value << 8 | static_cast<unsigned char>(c);
    return size == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
  }
  std::string_view rest() const { return rest_; }
  bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

struct Header {
  std::uint32_t is_utc, is_standard, leaps, changes, types, letters;

  // Octets of the block behind it, times of so many octets.
  std::size_t block(std::size_t time) const {
    return changes * (time + 1) + types * std::size_t{6} + letters + leaps * (time + 4) +
           is_standard + is_utc;
  }
};

std::optional<Header> read_header(Reader* in) {
  if (in->take(4) != "TZif") return std::nullopt;
  const std::string_view version = in->take(1);
  in->take(15);
  std::uint32_t counts[6];
  for (std::uint32_t& count : counts) count = static_cast<std::uint32_t>(in->number(4));
  const Header header{counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
  const bool small = header.leaps <= kMostChanges && header.changes <= kMostChanges &&
                     header.types <= 256 && header.letters <= 4096 && header.is_utc <= 256 &&
                     header.is_standard <= 256;
  if (in->failed() || !small || header.types == 0 || version.empty() || version[0] < '2') {
    return std::nullopt;
  }
  return header;
}

// "Mm.w.d/time", "Jn/time" or "n/time" of POSIX TZ.
struct YearRule {
  enum class Kind { kWeekday, kJulian, kDay } kind = Kind::kDay;
  int month = 0, week = 0, day = 0;
  std::int32_t time = 2 * 3600;  // seconds local time, may be negative

  // Seconds since 1970, local time.
  std::int64_t moment(int year) const {
    namespace c = std::chrono;
    const c::year y(year);
    sys_days date = sys_days(y / c::January / 1);
    if (kind == Kind::kWeekday) {
      const c::month m(static_cast<unsigned>(month));
      const c::weekday w(static_cast<unsigned>(day));
      date = week == 5 ? sys_days(y / m / w[c::last])
                       : sys_days(y / m / w[static_cast<unsigned>(week)]);
    } else {
      const bool after_february = kind == Kind::kJulian && y.is_leap() && day >= 60;
      date += c::days(kind == Kind::kJulian ? day - 1 + (after_february ? 1 : 0) : day);
    }
    return std::int64_t{date.time_since_epoch().count()} * 86'400 + time;
  }
};

// The footer: what holds after the last change (POSIX TZ, RFC 8536 3.3).
class Footer {
 public:
  explicit Footer(std::string_view text) : rest_(text) { right_ = read(); }

  bool right() const { return right_; }
  bool changes() const { return summer_.has_value(); }
  // The moment in the year when summer time begins or ends, and the offset from then on.
  std::pair<std::int64_t, std::int32_t> change(int year, bool begin) const {
    return begin ? std::pair(begin_.moment(year) - standard_, *summer_)
                 : std::pair(end_.moment(year) - *summer_, standard_);
  }

 private:
  bool read() {
    const auto standard = (read_name(), read_time());
    if (!standard) return false;
    standard_ = -*standard;  // POSIX counts westwards
    if (rest_.empty()) return true;
    read_name();
    summer_ = standard_ + 3600;
    if (!rest_.empty() && rest_[0] != ',') {
      const auto summer = read_time();
      if (!summer) return false;
      summer_ = -*summer;
    }
    return take(',') && read_rule(&begin_) && take(',') && read_rule(&end_) && rest_.empty();
  }

  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void read_name() {
    if (take('<')) return rest_.remove_prefix(std::min(rest_.find('>'), rest_.size() - 1) + 1);
    const auto letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
    while (!rest_.empty() && letter(rest_[0])) rest_.remove_prefix(1);
  }
  // At most four digits; -1 where there is none.
  int read_number() {
    int number = 0, digits = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9' && digits < 4; ++digits) {
      number = number * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return digits > 0 ? number : -1;
  }
  // "[+-]h[:m[:s]]", in seconds.
  std::optional<std::int32_t> read_time() {
    const bool negative = take('-');
    if (!negative) take('+');
    const int hours = read_number();
    if (hours < 0 || hours > 167) return std::nullopt;
    std::int32_t seconds = hours * 3600;
    for (const int unit : {60, 1}) {
      if (!take(':')) break;
      const int number = read_number();
      if (number < 0 || number > 59) return std::nullopt;
      seconds += number * unit;
    }
    return negative ? -seconds : seconds;
  }
  bool read_rule(YearRule* rule) {
    if (take('M')) {
      rule->kind = YearRule::Kind::kWeekday;
      rule->month = read_number();
      rule->week = take('.') ? read_number() : -1;
      rule->day = take('.') ? read_number() : -1;
      const bool right = rule->month >= 1 && rule->month <= 12 && rule->week >= 1 &&
                         rule->week <= 5 && rule->day >= 0 && rule->day <= 6;
      if (!right) return false;
    } else {
      rule->kind = take('J') ? YearRule::Kind::kJulian : YearRule::Kind::kDay;
      rule->day = read_number();
      if (rule->day < (rule->kind == YearRule::Kind::kJulian ? 1 : 0) || rule->day > 365)
        return false;
    }
    if (!take('/')) return true;
    const auto time = read_time();
    if (time) rule->time = *time;
    return time.has_value();
  }

  std::string_view rest_;
  bool right_ = false;
  std::int32_t standard_ = 0;
  std::optional<std::int32_t> summer_;
  YearRule begin_, end_;
};

struct Change {
  std::int64_t moment;
  std::int32_t offset;
};

Result<std::vector<Change>> read_changes(Reader* in, const Header& header) {
  std::vector<Change> changes(header.changes);
  for (Change& change : changes) change.moment = in->number(8);
  const std::string_view kinds = in->take(header.changes);
  const std::string_view types = in->take(header.types * std::size_t{6});
  in->take(header.letters + header.leaps * std::size_t{12} + header.is_standard + header.is_utc);
  if (in->failed()) return wrong("it is too short");
  const auto offset_of = [&](std::size_t type) {
    return static_cast<std::int32_t>(Reader(types.substr(type * 6, 4)).number(4));
  };
  for (std::size_t type = 0; type < header.types; ++type) {
    if (std::abs(static_cast<std::int64_t>(offset_of(type))) > kLargestOffset) {
      return wrong("an offset is too large");
    }
  }
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto type = static_cast<unsigned char>(kinds[i]);
    if (type >= header.types) return wrong("a change leads nowhere");
    if (i > 0 && changes[i].moment <= changes[i - 1].moment) return wrong("times are out of order");
    changes[i].offset = offset_of(type);
  }
  // Before the first change the first type holds.
  changes.insert(changes.begin(), {std::numeric_limits<std::int64_t>::min(), offset_of(0)});
  return changes;
}

void extend(const Footer& footer, std::vector<Change>* changes) {
  if (!footer.changes()) return;
  const std::int64_t known = changes->back().moment;
  for (int year = 2020; year <= kLastYear; ++year) {
    Change two[2];
    for (const bool begin : {false, true}) {
      const auto [moment, offset] = footer.change(year, begin);
      two[begin ? 1 : 0] = {moment, offset};
    }
    if (two[1].moment < two[0].moment) std::swap(two[0], two[1]);
    for (const Change& change : two) {
      if (change.moment > known) changes->push_back(change);
    }
  }
}

}  // namespace

Result<wire::PolicyZone> read_zone(std::string_view octets, std::string_view name) {
  Reader in(octets);
  const auto first = read_header(&in);  // of the block with 32 bits, which is stepped over
  if (!first) return wrong("its header is malformed, or older than version 2");
  in.take(first->block(4));
  const auto header = read_header(&in);
  if (!header) return wrong("its second header is malformed");
  auto changes = read_changes(&in, *header);
  if (!changes) return changes.error();
  if (in.take(1) != "\n" || !in.rest().ends_with('\n')) return wrong("its footer is missing");
  if (const std::string_view text = in.rest().substr(0, in.rest().size() - 1); !text.empty()) {
    const Footer footer(text);
    if (!footer.right()) return wrong("its footer is malformed");
    extend(footer, &*changes);
  }
  wire::PolicyZone zone;
  zone.set_name(std::string(name));
  for (const Change& change : *changes) {
    if (change.moment <= kFirstMoment) {
      zone.set_first_offset(change.offset);
    } else {
      zone.add_changes(change.moment);
      zone.add_offsets(change.offset);
    }
  }
  return zone;
}

}  // namespace gatehouse::policy
