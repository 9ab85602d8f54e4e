// SPDX-License-Identifier: Apache-2.0
// The [gateway] section: workers, source address, client networks, Via, host check.
#pragma once

#include "config/config.h"
#include "config/diagnostics.h"
#include "config/toml_document.h"

namespace gatehouse::config {

// table may be null: all defaults.
void read_gateway(const Node* table, const Surroundings& around, Diagnostics* diagnostics,
                  wire::Config* config);

}  // namespace gatehouse::config
