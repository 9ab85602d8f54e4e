// SPDX-License-Identifier: Apache-2.0
// What the loader has compiled, in the parent's sealed memory: at the start, and again when a
// worker that drains gets the policy of a reload.
//
// Trusts: the parent, which has checked the configuration; nothing in the lists
// (policy/lists/lists_view.h).
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proto/config.pb.h"

namespace gatehouse::worker {

// Closes memfd.
Result<wire::Config> read_config(UniqueFd memfd);
// The compiled lists, for as long as the process lives; empty where there are none. Closes memfd.
Result<std::span<const std::byte>> map_lists(UniqueFd memfd);

}  // namespace gatehouse::worker
