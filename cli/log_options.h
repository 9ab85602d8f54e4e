// SPDX-License-Identifier: Apache-2.0
// Options that the commands for logs share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "proto/config.pb.h"

namespace gatehouse::cli {

// Both leave *value as it is where the option is not given. false: it is wrong, and that was said.
bool read_listener(std::string_view command, const Arguments& arguments,
                   std::optional<wire::ConfigMode>* value);
bool read_count(std::string_view command, const Arguments& arguments, std::string_view option,
                std::uint64_t most, std::uint64_t* value);

}  // namespace gatehouse::cli
