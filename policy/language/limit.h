// SPDX-License-Identifier: Apache-2.0
// What stands behind the conditions of a limit rule: how much, how much at once, counted for whom.
#pragma once

#include "policy/language/document.h"
#include "policy/language/findings.h"
#include "proto/policy.pb.h"

namespace gatehouse::policy {

// Fills in rule->limit() and, where a header field says for whom, the condition that it is there.
void compile_limit(const WrittenRule& written, Findings* errors, wire::PolicyRule* rule);

}  // namespace gatehouse::policy
