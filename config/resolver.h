// SPDX-License-Identifier: Apache-2.0
// The [resolver] section: which DNS servers are asked, where names are needed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/toml_document.h"
#include "proto/config.pb.h"

namespace gatehouse::config {

// Fills in config->resolver. Servers only where config, read before but for this, needs names:
// those of the section, else of resolv_conf (the text of /etc/resolv.conf). policy_needs_names: a
// rule does, in transparent mode. notes: what of that text is not used.
void read_resolver(const Node& root, std::string_view resolv_conf, bool policy_needs_names,
                   Diagnostics* diagnostics, std::vector<std::string>* notes, wire::Config* config);

}  // namespace gatehouse::config
