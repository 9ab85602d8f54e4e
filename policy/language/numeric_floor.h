// SPDX-License-Identifier: Apache-2.0
// The numeric floor of a policy: what of its rules can be enforced by addresses and ports alone,
// beneath a worker that may be taken over (privileged/policy_floor.h does so).
//
// Runs in: the loader and the confined child of the command line. Pure.
// Invariants:
//  1. What the engine allows, the floor allows: a rule that allows is widened to what its client,
//     listener, destination and port say; one that denies is left out as far as they alone don't
//     prove that it matches. The order stays, and the first rule that matches decides.
//  2. What does not fit is allowed, not refused.
#pragma once

#include <span>
#include <string>

#include "policy/lists/form.h"
#include "proto/policy.pb.h"

namespace gatehouse::policy {

struct NumericFloor {
  wire::ConfigPolicyFloor floor;
  std::string widened_at;  // the first rule that did not fit whole; empty: all have
};

// policy: of a compile() without errors. forms: of its lists, by number.
NumericFloor numeric_floor(
    const wire::Policy& policy, std::span<const lists::Form> forms,
    const google::protobuf::RepeatedPtrField<wire::ConfigListener>& listeners);

}  // namespace gatehouse::policy
