// SPDX-License-Identifier: Apache-2.0
// Times in log lines, UTC. Calendar arithmetic runs once a second, not once a record.
#pragma once

#include <cstdint>
#include <string>

namespace gatehouse::logger {

class Timestamp {
 public:
  // RFC 3339: "2026-11-24T06:03:27.123456Z". Microseconds since 1970; a time after the year 9999
  // is written as its end.
  void append_rfc3339(std::uint64_t microseconds, std::string* out);
  // As in the common log format: "24/Nov/2026:06:03:27 +0000".
  void append_common(std::uint64_t microseconds, std::string* out);

 private:
  void set_second(std::uint64_t second);

  std::uint64_t second_ = ~std::uint64_t{0};  // that the texts stand for
  std::string rfc3339_;                       // up to the second
  std::string common_;
};

}  // namespace gatehouse::logger
