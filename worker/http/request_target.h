// SPDX-License-Identifier: Apache-2.0
// The four forms of a request target (RFC 9112 3.2). Internal.
#pragma once

#include <optional>

#include "worker/http/authority.h"
#include "worker/http/request_rules.h"

namespace gatehouse::worker::http {

// Sets form, path, path_prefix_slash, asterisk of plan and, where the target has an authority,
// plan.authority and authority.
Refusal read_target(const Head& head, Mode mode, RequestPlan& plan,
                    std::optional<Authority>& authority);

}  // namespace gatehouse::worker::http
