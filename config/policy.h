// SPDX-License-Identifier: Apache-2.0
// [gateway] policy: the rule file that decides about requests.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "policy/language/compile.h"
#include "policy/language/files.h"
#include "policy/language/question.h"
#include "proto/config.pb.h"

namespace gatehouse::config {

// Of the configuration's listeners.
policy::Modes modes_of(const wire::Config& config);

struct ReadPolicy {
  std::vector<std::string> errors, warnings;
  std::set<std::string> upstreams;  // that rules choose
  bool needs_names = false;         // some rule lets a request go only to an address of its name
  std::size_t rules = 0, expects = 0;
  std::vector<std::byte> lists;  // the blob of the lists that rules use
};

// Compiles config->policy_file(), which is not empty, into config->policy() and runs its expect
// lines; one that fails is an error. files may be null: then nothing can be read. After the
// listeners.
ReadPolicy read_policy(policy::Files* files, const policy::ListWork& work, wire::Config* config);

}  // namespace gatehouse::config
