// SPDX-License-Identifier: Apache-2.0
#include "cli/log_options.h"

#include "cli/command.h"
#include "cli/logs/values.h"

namespace gatehouse::cli {

bool read_listener(std::string_view command, const Arguments& arguments,
                   std::optional<wire::ConfigMode>* value) {
  if (!arguments.has("--listener")) return true;
  const std::string mode = arguments.value("--listener", "");
  if (mode == "transparent") *value = wire::TRANSPARENT;
  if (mode == "forward") *value = wire::FORWARD;
  if (mode == "reverse") *value = wire::REVERSE;
  if (*value) return true;
  misused(command, "--listener is " + mode + "; valid is transparent, forward or reverse");
  return false;
}

bool read_count(std::string_view command, const Arguments& arguments, std::string_view option,
                std::uint64_t most, std::uint64_t* value) {
  if (!arguments.has(option)) return true;
  const std::string text = arguments.value(option, "");
  const auto number = logs::parse_number(text);
  if (number && *number <= most) {
    *value = *number;
    return true;
  }
  misused(command, std::string(option) + " is " + text + "; valid is a number up to " +
                       std::to_string(most));
  return false;
}

}  // namespace gatehouse::cli
