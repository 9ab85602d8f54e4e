// SPDX-License-Identifier: Apache-2.0
// A policy from a file that people name: a configuration with [gateway] policy, or a rule file.
//
// Runs in: the confined child of the command line.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/confined.h"
#include "config/config.h"
#include "policy/engine.h"
#include "policy/language/question.h"

namespace gatehouse::cli {

// Its first statement is one of a rule file.
bool is_rule_file(std::string_view text);

// What config::parse() makes of a configuration; of a rule file alone only the policy, with
// listeners of every mode, so that no rule is taken to be out of reach.
config::Outcome read_configuration(const ConfinedInput& input);

struct LoadedPolicy {
  config::Outcome outcome;  // the engine looks into its lists
  policy::Modes modes;
  std::unique_ptr<policy::Engine> engine;
};
// The error is what is wrong with the file, a line each; or that it names no policy.
Result<LoadedPolicy> load_policy(const ConfinedInput& input);

}  // namespace gatehouse::cli
