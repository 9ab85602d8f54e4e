// SPDX-License-Identifier: Apache-2.0
// Prints the tables of base/privileges.h for tests/filter/used.py, one row a line:
//   ROLE own|start NUMBER ARGUMENT:MASK:VALUE,... REASON
// VALUE "pid" stands for the process's own pid; "-" where no argument is checked.
#include <cstdio>

#include "base/privileges.h"

namespace gatehouse {
namespace {

void print(std::string_view role, const char* part, std::span<const SyscallRule> rows) {
  for (const SyscallRule& row : rows) {
    std::printf("%.*s %s %d ", static_cast<int>(role.size()), role.data(), part, row.number);
    bool first = true;
    for (const ArgumentCheck& check : row.checks) {
      if (check.mask == 0) continue;
      std::printf("%s%u:%llx:", first ? "" : ",", unsigned{check.argument},
                  static_cast<unsigned long long>(check.mask));
      if (check.value == kOwnPid) {
        std::printf("pid");
      } else {
        std::printf("%llx", static_cast<unsigned long long>(check.value));
      }
      first = false;
    }
    std::printf("%s %.*s\n", first ? "-" : "", static_cast<int>(row.reason.size()),
                row.reason.data());
  }
}

}  // namespace
}  // namespace gatehouse

int main() {
  using namespace gatehouse;
  for (unsigned i = 0; i < kRoles; ++i) {
    const RolePrivileges& role = privileges(static_cast<Role>(i));
    print(role.name, "own", role.own);
    print(role.name, "start", role.start);
    if (role.role != Role::kParent && !role.start.empty())
      print(role.name, "start", static_start_rules());
  }
  return 0;
}
