// SPDX-License-Identifier: Apache-2.0
// The place where policy decides about a request: after its head has been checked, before the
// parent is asked for anything.
//
// Not here: an engine. Until a policy exists every acceptable request is allowed; the parent's
// floor, client networks and ports hold regardless (privileged/).
#pragma once

#include "base/address.h"
#include "worker/http/request_rules.h"

namespace gatehouse::worker {

// What policy may look at. Views are valid during the call only.
struct PolicyQuestion {
  const http::Head& head;
  const http::RequestPlan& plan;
  const Endpoint& client;
  const Endpoint& destination;
};

struct Verdict {
  http::Refusal refusal = http::Refusal::kNone;  // kNone: allowed
};

inline Verdict decide(const PolicyQuestion&) { return {}; }

}  // namespace gatehouse::worker
