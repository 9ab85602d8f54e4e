// SPDX-License-Identifier: Apache-2.0
// A process as it is against what is declared of its role (base/privileges.h). Pure.
#pragma once

#include <string>
#include <vector>

#include "base/privileges.h"
#include "cli/process_facts.h"

namespace gatehouse::cli {

// What every process of one running gateway has in common.
struct Instance {
  std::uint32_t uid_base = 0;
  unsigned inherited_filters = 0;  // seccomp filters that gatehoused was started under
};

// Each difference as the rest of a sentence: "CapEff is 0x1, declared is 0x0". parent: the facts of
// the parent, whose namespaces are the measure.
std::vector<std::string> compare(const RolePrivileges& declared, const ProcessFacts& is,
                                 const ProcessFacts& parent, const Instance& instance);

// The namespaces that differ from the parent's, as names of kNamespaceFiles.
std::vector<std::string> own_namespaces(const ProcessFacts& is, const ProcessFacts& parent);

}  // namespace gatehouse::cli
