// SPDX-License-Identifier: Apache-2.0
#include "cli/log_text.h"

namespace gatehouse::cli {

std::string counted(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string describe_gaps(const logs::Reader& log) {
  std::string text;
  if (log.dropped() > 0) {
    text += counted(log.dropped(), "record") +
            " missing, says the log: it could not be written fast enough\n";
  }
  if (log.junk_count() == 0) return text;
  text += counted(log.junk_count(), "line") + " left out:\n";
  for (const logs::Junk& junk : log.junk()) {
    text += "  line " + std::to_string(junk.line) + ": " + junk.why + "\n";
  }
  return log.junk_count() > log.junk().size() ? text + "  ...\n" : text;
}

}  // namespace gatehouse::cli
