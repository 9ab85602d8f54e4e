// SPDX-License-Identifier: Apache-2.0
// The sections [timeouts], [limits] and [quota].
#pragma once

#include "config/diagnostics.h"
#include "config/toml_document.h"
#include "proto/config.pb.h"

namespace gatehouse::config {

// table may be null: all defaults.
void read_timeouts(const Node* table, Diagnostics* diagnostics, wire::ConfigTimeouts* timeouts);
void read_limits(const Node* table, Diagnostics* diagnostics, wire::ConfigLimits* limits);
void read_quota(const Node* table, Diagnostics* diagnostics, wire::ConfigQuota* quota);

}  // namespace gatehouse::config
