// SPDX-License-Identifier: Apache-2.0
// One line of progress, rewritten in place; only where somebody looks at a terminal, and only of
// what takes longer than a second.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include "config/values.h"

namespace gatehouse::cli {

class ProgressLine {
 public:
  using Pause = std::chrono::milliseconds;

  // Nothing is shown before patience, and from then on once a pause.
  explicit ProgressLine(std::FILE* stream, Pause patience = Pause(1000), Pause pause = Pause(200))
      : stream_(stream),
        pause_(pause),
        next_(Clock::now() + patience),
        shown_(::isatty(fileno(stream)) != 0) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (written_) std::fputs("\r\x1b[K", stream_);
  }

  // text: from anywhere.
  void show(std::string_view text) {
    if (!shown_ || Clock::now() < next_) return;
    next_ = Clock::now() + pause_;
    written_ = true;
    std::fprintf(stream_, "\r%s\x1b[K", config::printable(text, 76).c_str());
    std::fflush(stream_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::FILE* stream_;
  Pause pause_;
  Clock::time_point next_;
  bool shown_;
  bool written_ = false;
};

}  // namespace gatehouse::cli
