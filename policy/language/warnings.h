// SPDX-License-Identifier: Apache-2.0
// Rules that are right and do not do what their author believes.
#pragma once

#include <vector>

#include "policy/language/document.h"
#include "policy/language/findings.h"
#include "policy/language/question.h"
#include "proto/policy.pb.h"

namespace gatehouse::policy {

// Rules that no request reaches; paths where none can be seen; addresses and names likewise.
// places: of the rules.
void warn_of_rules(const wire::Policy& policy, const std::vector<Place>& places, const Modes& modes,
                   Findings* warnings);

}  // namespace gatehouse::policy
