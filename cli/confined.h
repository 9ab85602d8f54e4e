// SPDX-License-Identifier: Apache-2.0
// Work on text that may come from anywhere, for somebody who may be root: in a child with the
// loader's limits, filter and view of the file system.
//
// Trusts: nothing of what the child says but that it is shown as printable text.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"

namespace gatehouse::cli {

// What the child works on.
struct ConfinedFiles {
  std::string text;      // a configuration or rule file; - is standard input; empty: none
  std::string log = {};  // a log of any length, read piece by piece; - is standard input
  std::size_t most_report = std::size_t{256} * 1024;  // octets; what is more is cut off
};

// What the child has to work with.
struct ConfinedInput {
  std::string file_name;  // as to be shown
  std::string text;
  config::Surroundings surroundings;
  int log = -1;                // open for reading; only with ConfinedFiles::log
  std::uint64_t log_size = 0;  // octets, 0: not known
  // Shows one line where somebody waits at a terminal; often called is cheap.
  std::function<void(const std::string&)> progress;
};

// Runs work in the child on the files, and returns what it returned. What text names is beneath its
// directory; without it nothing but time zones can be opened. The progress of compiling lists is
// shown. The error has Error.number kWrong where a file is to blame, else kFailed (command.h).
Result<std::string> work_confined(const ConfinedFiles& files,
                                  const std::function<std::string(const ConfinedInput&)>& work);

// The text line by line, each printable.
void print_lines(std::string_view text, std::FILE* stream);

}  // namespace gatehouse::cli
