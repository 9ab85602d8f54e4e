// SPDX-License-Identifier: Apache-2.0
// The [errors] section: what clients see instead of the built-in error page.
#pragma once

#include "config/diagnostics.h"
#include "config/toml_document.h"
#include "proto/config.pb.h"

namespace gatehouse::config {

// table may be null: all defaults.
void read_errors(const Node* table, Diagnostics* diagnostics, wire::Config* config);

}  // namespace gatehouse::config
