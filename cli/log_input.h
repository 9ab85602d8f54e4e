// SPDX-License-Identifier: Apache-2.0
// The log that a confined child was given, with its progress shown.
#pragma once

#include <unistd.h>

#include <string>

#include "base/result.h"
#include "cli/confined.h"
#include "cli/logs/reader.h"

namespace gatehouse::cli {

// input outlives the reader.
inline logs::Reader read_log(const ConfinedInput& input) {
  return logs::Reader([&input, done = std::uint64_t{0}](char* to, std::size_t most) mutable {
    for (;;) {
      const ssize_t n = ::read(input.log, to, most);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Result<std::size_t>(errno_error("the log can't be read"));
      done += static_cast<std::uint64_t>(n);
      std::string text = "reading the log: " + std::to_string(done >> 20) + " MiB";
      if (input.log_size > 0) text += ", " + std::to_string(done * 100 / input.log_size) + " %";
      input.progress(text);
      return Result<std::size_t>(static_cast<std::size_t>(n));
    }
  });
}

}  // namespace gatehouse::cli
