// SPDX-License-Identifier: Apache-2.0
// Rule files to a compiled policy, with every mistake named and the files' own tests.
//
// Runs in: the loader and the confined child of the command line. Trusts: nothing it reads.
// Invariant: an outcome without errors carries a policy that Engine::make() takes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "policy/language/files.h"
#include "policy/language/question.h"
#include "policy/lists/compile.h"
#include "policy/request.h"
#include "proto/policy.pb.h"

namespace gatehouse::policy {

class Engine;

// What an expect line wants.
struct Expectation {
  std::string place;  // "FILE:LINE:COLUMN"
  Question question;
  wire::PolicyVerb verb = wire::POLICY_ALLOW;
  std::string rule;
  std::vector<std::string> effects;  // rules that must have matched before it
};

// What compiling the lists that rules use needs (policy/lists/compile.h).
struct ListWork {
  lists::SipKey key;
  lists::OnProgress on_progress = {};
};

struct Outcome {
  wire::Policy policy;
  std::vector<std::byte> lists;  // the blob of the lists that rules use; empty: they use none
  std::vector<lists::Form> list_forms;  // of those, by number
  std::vector<Expectation> expects;
  std::vector<std::string> errors, warnings;  // sentences without newlines
  std::string needs_names;  // the place of a rule that needs a verified name; empty: none does
};

// path: of the policy's own file, as files knows it.
Outcome compile(const std::string& path, Files* files, const Modes& modes, const ListWork& work);

// What an expect line wanted and did not get, a sentence each.
std::vector<std::string> run_expects(const std::vector<Expectation>& expects, Engine* engine);

}  // namespace gatehouse::policy
