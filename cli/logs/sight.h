// SPDX-License-Identifier: Apache-2.0
// What policy would see of a logged request, as worker/policy_hook.h has it of a live one.
#pragma once

#include <optional>

#include "cli/logs/record.h"
#include "policy/language/question.h"
#include "policy/request.h"

namespace gatehouse::logs {

struct Sight {
  policy::Request request;    // without header fields; views into the record
  bool address_known = true;  // of request.destination
  bool port_known = true;     // of the listener
};

// The mode of the listener, where the log doesn't tell: of those that there are, the one that such
// requests come to.
wire::ConfigMode likely_mode(const Record& record, const policy::Modes& modes);

// Nothing: it is no request that a listener of this mode decides about.
std::optional<Sight> sight_of(const Record& record, wire::ConfigMode mode);

}  // namespace gatehouse::logs
