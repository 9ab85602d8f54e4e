// SPDX-License-Identifier: Apache-2.0
// The [forward] section: where the clients of forward listeners may go.
#pragma once

#include "config/diagnostics.h"
#include "config/toml_document.h"
#include "proto/config.pb.h"

namespace gatehouse::config {

// table may be null: all defaults.
void read_forward(const Node* table, Diagnostics* diagnostics, wire::ConfigForward* forward);

}  // namespace gatehouse::config
