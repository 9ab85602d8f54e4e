// SPDX-License-Identifier: Apache-2.0
#include "base/privileges.h"

#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/check.h"

namespace gatehouse {
namespace {

constexpr SyscallRule kStaticStart[] = {
    {SYS_execveat,
     "the spawner's child becomes the role; only the one descriptor",
     {{0, kExactly, kSpawnerBinaryFd}, {4, kExactly, AT_EMPTY_PATH}}},
    {SYS_arch_prctl, "thread pointer and shadow-stack query of the C library"},
    {SYS_set_tid_address, "start of the C library"},
    {SYS_set_robust_list, "start of the C library"},
    {SYS_rseq, "start of the C library"},
    {SYS_prlimit64,
     "the C library reads its stack limit; setting none",
     {{0, kExactly, 0}, {2, kExactly, 0}}},
    {SYS_readlink, "the static C library looks for its own origin"},
    {SYS_readlinkat, "the same, on newer C libraries"},
    {SYS_fstat, "stdio and the C library's start"},
    {SYS_newfstatat, "the same"},
    {SYS_uname, "the C library compares kernel versions"},
    {SYS_prctl, "process name", {{0, kExactly, PR_SET_NAME}}},
    {SYS_prctl, "canary 2 proves the role's own filter with it", {{0, kExactly, PR_GET_NAME}}},
    {SYS_prctl,
     "exec made the process dumpable again",
     {{0, kExactly, PR_SET_DUMPABLE}, {1, kExactly, 0}}},
    {SYS_prctl, "libseccomp probes for seccomp", {{0, kExactly, PR_GET_SECCOMP}}},
    {SYS_prctl, "libseccomp probes for no_new_privs", {{0, kExactly, PR_SET_NO_NEW_PRIVS}}},
    {SYS_seccomp, "the role's own filter; a filter can only take away"},
    {SYS_getpid, "own pid for the filter's tgkill row"},
    {SYS_futex, "protobuf's once-only start", {{1, kExactly, FUTEX_WAKE_PRIVATE}}},
    {SYS_mprotect, "relocations become read-only", {{2, ~3ULL, 0}}},
};

const RolePrivileges* const kTable[kRoles] = {
    &kParentPrivileges,           &kWorkerSpawnerPrivileges,   &kWorkerPrivileges,
    &kLoaderSpawnerPrivileges,    &kLoaderPrivileges,          &kLoggerSpawnerPrivileges,
    &kLoggerPrivileges,           &kResolverSpawnerPrivileges, &kResolverPrivileges,
    &kRegistrarSpawnerPrivileges, &kRegistrarPrivileges,
};

}  // namespace

std::span<const SyscallRule> static_start_rules() { return kStaticStart; }

const RolePrivileges& privileges(Role role) {
  const auto index = static_cast<unsigned>(role);
  CHECK(index < kRoles && kTable[index]->role == role);
  return *kTable[index];
}

std::optional<Role> role_from_number(unsigned number) {
  if (number >= kRoles) return std::nullopt;
  return static_cast<Role>(number);
}

}  // namespace gatehouse
