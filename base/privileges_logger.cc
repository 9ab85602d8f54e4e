// SPDX-License-Identifier: Apache-2.0
// The logger: reads records from pipes, renders them, owns the log files.
#include <fcntl.h>
#include <sys/socket.h>

#include "base/privileges.h"

namespace gatehouse {
namespace {

constexpr auto kOwn = with_common({
    {SYS_read, "records from pipes"},
    {SYS_write, "lines to the targets"},
    {SYS_close, "pipes and rotated files"},
    {SYS_openat,
     "log files: append, never through a link",
     {{0, kExactly, kLoggerDirectoryFd},
      {2, kExactly, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK}}},
    {SYS_poll, "the loop, and standard streams before each write"},
    {SYS_clock_gettime, "where the vDSO can't answer"},
    {SYS_recvmsg,
     "from the parent only",
     {{0, kExactly, kChannelFd}, {2, kExactly, MSG_CMSG_CLOEXEC | MSG_DONTWAIT}}},
    {SYS_fcntl, "seals of a configuration", {{1, kExactly, F_GET_SEALS}}},
    {SYS_lseek, "size of a configuration"},
    {SYS_pread64, "a configuration"},
    {SYS_restart_syscall, "poll after a stop"},
});

constexpr SyscallRule kStart[] = {
    {SYS_rt_sigaction, "SIGXFSZ is ignored"},
    {SYS_getrandom, "seeds of malloc"},
};

constexpr FdRule kFds[] = {
    {0, "/dev/null", ""},
    {1, "*", "standard output of the gateway, a log target"},
    {2, "*", "standard error of the gateway, the operational log"},
    {kChannelFd, "socket:", "channel to the parent"},
    {kLoggerDirectoryFd, "/", "the log directory"},
    {-1, "pipe:", "log pipes"},
    {-1, "@4/", "log files"},
};

constexpr LimitRule kLimits[] = {
    {RLIMIT_NOFILE, 512, "pipes of workers, draining ones included"},
    {RLIMIT_NPROC, 0, "no process, no thread"},
    {RLIMIT_CORE, 0, "no traffic in core files"},
    {RLIMIT_DATA, 512ULL << 20, "octets"},
};

}  // namespace

const RolePrivileges kLoggerPrivileges = {
    .role = Role::kLogger,
    .name = "logger",
    .uid_offset = 3,
    .namespaces = kAllButMount,
    .own = kOwn,
    .start = kStart,
    .fds = kFds,
    .limits = kLimits,
};

}  // namespace gatehouse
