// SPDX-License-Identifier: Apache-2.0
// Each row on the running kernel: a child puts its role's own filter on and makes the call with the
// arguments of the row, then with each checked argument changed. The first must not end it by
// SIGSYS, the second must.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "tests/filter/bpf.h"

namespace gatehouse::filter {
namespace {

struct Call {
  std::string name;
  std::span<const SyscallRule> table;
  SyscallRule row;
  int changed = -1;  // index of the check whose argument is changed
  std::uint64_t flip = 0;
};

// The arguments that the row names; -1 elsewhere, which no descriptor, pointer or length is.
seccomp_data arguments(const SyscallRule& row, int changed, std::uint64_t flip) {
  seccomp_data data{};
  data.nr = row.number;
  data.arch = AUDIT_ARCH_X86_64;
  for (auto& argument : data.args) argument = ~0ULL;
  for (const ArgumentCheck& check : row.checks) {
    if (check.mask == 0) continue;
    data.args[check.argument] =
        check.value == kOwnPid ? static_cast<std::uint64_t>(getpid()) : check.value;
  }
  if (changed >= 0) data.args[row.checks[changed].argument] ^= flip;
  return data;
}

// How a child ends that makes the call under the filter.
int outcome(const Call& call) {
  const pid_t pid = fork();
  if (pid == 0) {
    // A failed abort() or a fault must end it, not call a handler of the test framework.
    for (const int number : {SIGSEGV, SIGABRT}) signal(number, SIG_DFL);
    if (!set_no_new_privileges() || !install_filter(call.table)) _exit(99);
    const seccomp_data data = arguments(call.row, call.changed, call.flip);
    syscall(data.nr, data.args[0], data.args[1], data.args[2], data.args[3], data.args[4],
            data.args[5]);
    syscall(SYS_exit_group, 0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

// What else a changed argument could hit by accident is found by the tables.
std::optional<std::uint64_t> forbidden_flip(const Call& call, int check) {
  const std::uint64_t mask = call.row.checks[check].mask;
  for (const std::uint64_t bit : {std::uint64_t{mask & (~mask + 1)}, std::uint64_t{1} << 32,
                                  std::uint64_t{1} << 63, std::uint64_t{1} << 20}) {
    if ((mask & bit) == 0) continue;
    if (!tables_allow(arguments(call.row, check, bit), call.table)) return bit;
  }
  return std::nullopt;
}

class EveryRow : public testing::TestWithParam<Role> {};

TEST_P(EveryRow, AllowsItsCallAndNothingBeside) {
  const RolePrivileges& role = privileges(GetParam());
  unsigned changes = 0;
  for (const SyscallRule& row : role.own) {
    Call call{std::string(role.name), role.own, row};
    const std::string what = "call " + std::to_string(row.number) + " (" + std::string(row.reason) +
                             ") of the " + call.name;
    int status = outcome(call);
    EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 99) << "no filter for " << what;
    EXPECT_FALSE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << what << " was not allowed";
    for (int i = 0; i < static_cast<int>(std::size(row.checks)); ++i) {
      if (row.checks[i].mask == 0) continue;
      const auto flip = forbidden_flip(call, i);
      ASSERT_TRUE(flip) << what << ": argument " << int{row.checks[i].argument}
                        << " may be anything";
      call.changed = i;
      call.flip = *flip;
      status = outcome(call);
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
          << what << " was allowed with argument " << int{row.checks[i].argument} << " changed by "
          << std::hex << *flip;
      call.changed = -1;
      ++changes;
    }
  }
  EXPECT_GT(changes, 0u);
}

// Not the spawners: their rows fork, kill and exec, and their children stand here already.
INSTANTIATE_TEST_SUITE_P(Roles, EveryRow,
                         testing::Values(Role::kWorker, Role::kParent, Role::kLoader,
                                         Role::kLogger),
                         [](const testing::TestParamInfo<Role>& row) {
                           return std::string(privileges(row.param).name);
                         });

// Calls that no table has, the way programs make them.
TEST(Worker, IsEndedForWhatNoRowNames) {
  for (const long number :
       {SYS_socket,     SYS_connect,     SYS_bind,     SYS_listen, SYS_open,
        SYS_openat,     SYS_execve,      SYS_fork,     SYS_ptrace, SYS_io_uring_setup,
        SYS_setsockopt, SYS_getpeername, SYS_recvfrom, SYS_dup,    SYS_fcntl,
        SYS_prctl,      SYS_seccomp,     SYS_kill,     SYS_ioctl,  SYS_memfd_create,
        SYS_unshare}) {
    Call call{"worker", privileges(Role::kWorker).own, {static_cast<int>(number), ""}};
    const int status = outcome(call);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << "call " << number;
  }
}

}  // namespace
}  // namespace gatehouse::filter
