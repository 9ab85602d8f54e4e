// SPDX-License-Identifier: Apache-2.0
// The http_access lines of a squid.conf as a rule file for forward listeners.
//
// Invariant: the rules allow nothing that the lines do not. A line that can't be said exactly
//  - and allows is left out: what it allowed falls to the lines behind it;
//  - and denies loses the conditions that can't be said: it denies more. Where none is left, it
//    denies everything, and what stands behind it can't allow any more.
// Not here: what else in a squid.conf refuses or changes requests; it is named.
#pragma once

#include <string>
#include <vector>

#include "cli/squid/lines.h"

namespace gatehouse::squid {

struct Translation {
  std::string rules;                  // a whole rule file
  std::vector<std::string> problems;  // "FILE:LINE: ...", a sentence each; empty: all is exact
};

// name: of the configuration, for messages. zone: of hours (tz database); empty: not known.
Translation translate(const std::string& name, std::string_view text, const Sources& sources,
                      const std::string& zone);

}  // namespace gatehouse::squid
