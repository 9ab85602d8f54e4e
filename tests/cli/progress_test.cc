// SPDX-License-Identifier: Apache-2.0
// The line of progress: for terminals only, late, rarely, and taken away again.
#include "cli/progress.h"

#include <gtest/gtest.h>
#include <pty.h>

#include "base/unique_fd.h"

namespace gatehouse::cli {
namespace {

using Pause = ProgressLine::Pause;

// What two lines put on a terminal.
std::string on_terminal(Pause patience, Pause pause) {
  int ends[2];
  EXPECT_EQ(openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr), 0);
  const UniqueFd screen(ends[0]);
  std::FILE* stream = fdopen(ends[1], "w");
  {
    ProgressLine line(stream, patience, pause);
    line.show("one\x1b[2J");
    line.show("two" + std::string(200, '.'));
  }
  std::fputs("end", stream);
  std::fflush(stream);
  std::string text;
  char piece[256];  // a terminal gives what it has
  for (ssize_t n = 1; n > 0 && !text.ends_with("end");) {
    n = read(screen.get(), piece, sizeof piece);
    if (n > 0) text.append(piece, static_cast<std::size_t>(n));
  }
  fclose(stream);
  return text;
}

TEST(Progress, IsRewrittenInPlaceAndTakenAway) {
  EXPECT_EQ(on_terminal(Pause(0), Pause(0)),
            "\rone\\x1b[2J\x1b[K\rtwo" + std::string(73, '.') + "...\x1b[K\r\x1b[Kend");
  EXPECT_EQ(on_terminal(Pause(0), Pause(60'000)), "\rone\\x1b[2J\x1b[K\r\x1b[Kend");
}

TEST(Progress, WhatIsQuickShowsNone) { EXPECT_EQ(on_terminal(Pause(60'000), Pause(0)), "end"); }

TEST(Progress, ElsewhereNothingIsWritten) {
  std::FILE* file = std::tmpfile();
  { ProgressLine(file, Pause(0), Pause(0)).show("one"); }
  std::fflush(file);
  EXPECT_EQ(std::ftell(file), 0);
  fclose(file);
}

}  // namespace
}  // namespace gatehouse::cli
