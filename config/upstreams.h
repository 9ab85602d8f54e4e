// SPDX-License-Identifier: Apache-2.0
// The [[upstream]] tables: groups of servers behind reverse listeners.
#pragma once

#include <set>
#include <string>

#include "config/diagnostics.h"
#include "config/toml_document.h"
#include "proto/config.pb.h"

namespace gatehouse::config {

// Fills in config->upstreams, in the order of the text; one without a right name stays nameless.
// The ids of servers count from 1 over all groups in that order.
void read_upstreams(const Node& root, Diagnostics* diagnostics, wire::Config* config);

// Says which groups no [[listen]] names, and no rule: by_rules are those that rules choose.
void check_upstreams_are_used(const Node& root, const std::set<std::string>& by_rules,
                              Diagnostics* diagnostics);

}  // namespace gatehouse::config
