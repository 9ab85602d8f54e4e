// SPDX-License-Identifier: Apache-2.0
// Work on text that may come from anywhere, for somebody who may be root: in a child with the
// loader's limits, filter and view of the file system.
//
// Trusts: nothing of what the child says but that it is shown as printable text.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"

namespace gatehouse::cli {

// What the child has to work with.
struct ConfinedInput {
  std::string file_name;  // as to be shown
  std::string text;       // of the configuration
  config::Surroundings surroundings;
};

// Runs work in the child on the configuration file (- is standard input), and returns what it
// returned, cut after 256 KiB. The policy's files are beneath the directory of the file. The error
// has Error.number kWrong where the file is to blame, else kFailed (command.h).
Result<std::string> work_confined(const std::string& file,
                                  const std::function<std::string(const ConfinedInput&)>& work);

// The text line by line, each printable.
void print_lines(std::string_view text, std::FILE* stream);

}  // namespace gatehouse::cli
