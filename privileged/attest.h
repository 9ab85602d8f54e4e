// SPDX-License-Identifier: Apache-2.0
// Attestation: what /proc says about a worker, against what base/privileges.h promises.
//
// Runs in: parent. Trusts: the kernel. /proc/PID/fd and ns can't be read without CAP_SYS_PTRACE;
// the spawner sets those up, and `gatehouse posture` verifies them as root.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/privileges.h"
#include "base/result.h"

namespace gatehouse::privileged {

// An error names the first line of /proc/PID/status or limits that is not as promised. proc:
// descriptor of the /proc directory. id: the uid and gid that the process must have.
// inherited_filters: seccomp filters that gatehoused was started under (a container's, a unit's),
// which come on top.
Status attest(int proc, pid_t pid, const RolePrivileges& promised, uid_t id,
              unsigned inherited_filters = 0);

// What /proc/PID/limits says against the limits of the table: each at most as high; pure.
Status attest_limits(const std::string& text, const RolePrivileges& promised);

// The same as attest() on the text of a status file; pure.
Status attest_text(const std::string& text, const RolePrivileges& promised, uid_t id,
                   unsigned inherited_filters = 0);

}  // namespace gatehouse::privileged
