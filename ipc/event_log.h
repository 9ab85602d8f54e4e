// SPDX-License-Identifier: Apache-2.0
// Sentences for the operational log, one a line: to standard error at first, through a pipe to the
// logger once there is one. Never blocks; what a full pipe refuses is counted and reported.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/unique_fd.h"

namespace gatehouse::ipc {

enum class Level { kInfo = 0, kWarning = 1, kError = 2, kSecurity = 3 };

class EventLog {
 public:
  void write(Level level, std::string_view text);  // at most 1 KiB, the rest is cut
  // From now on to this pipe (nonblocking write end).
  void use_pipe(UniqueFd pipe) { pipe_ = std::move(pipe); }

 private:
  bool write_record(const std::string& encoded);

  UniqueFd pipe_;
  std::uint64_t dropped_ = 0;
};

}  // namespace gatehouse::ipc
