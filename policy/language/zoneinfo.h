// SPDX-License-Identifier: Apache-2.0
// A zone of the tz database (RFC 8536) as a table of changes, so that nobody needs its file later.
//
// Trusts: nothing of the octets.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "proto/policy.pb.h"

namespace gatehouse::policy {

// The table holds changes from 2020 to the end of this year.
inline constexpr int kLastYear = 2099;

// The error is a clause: "is no zone file: ...".
Result<wire::PolicyZone> read_zone(std::string_view octets, std::string_view name);

}  // namespace gatehouse::policy
