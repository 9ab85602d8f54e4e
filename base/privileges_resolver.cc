// SPDX-License-Identifier: Apache-2.0
// The resolver: speaks DNS over sockets that the parent has connected.
#include <fcntl.h>
#include <sys/socket.h>

#include "base/privileges.h"

namespace gatehouse {
namespace {

constexpr auto kOwn = with_common({
    {SYS_read, "answers"},
    {SYS_sendto, "questions, without an address", {{3, kExactly, MSG_NOSIGNAL}, {4, kExactly, 0}}},
    {SYS_close, "used sockets"},
    {SYS_epoll_wait, "the loop"},
    {SYS_epoll_ctl, "the loop"},
    {SYS_recvmsg,
     "from the parent only",
     {{0, kExactly, kChannelFd}, {2, kExactly, MSG_CMSG_CLOEXEC | MSG_DONTWAIT}}},
    {SYS_sendmsg,
     "to the parent only",
     {{0, kExactly, kChannelFd}, {2, kExactly, MSG_NOSIGNAL | MSG_DONTWAIT}}},
    {SYS_clock_gettime, "where the vDSO can't answer"},
    {SYS_getrandom, "query ids"},
    {SYS_mremap, "memory"},
    {SYS_restart_syscall, "epoll_wait after a stop"},
    {SYS_write, "the last words of a failed CHECK", {{0, kExactly, 2}}},
});

constexpr SyscallRule kStart[] = {
    {SYS_epoll_create1, "the loop"},
    {SYS_fcntl, "the seals of the configuration", {{1, kExactly, F_GET_SEALS}}},
    {SYS_lseek, "the size of the configuration"},
    {SYS_pread64, "the configuration"},
    {SYS_openat,
     "c-ares tries /dev/urandom for a generator that is not used; Landlock says no",
     {{0, ~0U, static_cast<std::uint32_t>(AT_FDCWD)}, {2, kExactly, O_RDONLY}}},
};

constexpr FdRule kFds[] = {
    {0, "/dev/null", ""},
    {1, "/dev/null", ""},
    {2, "/dev/null", ""},
    {kChannelFd, "socket:", "channel to the parent"},
    {kResolverConfigFd, "/memfd:gatehouse-config", "configuration"},
    {-1, "socket:", "connected to DNS servers by the parent"},
    {-1, "anon_inode:[eventpoll]", "the loop"},
};

constexpr LimitRule kLimits[] = {
    {RLIMIT_NOFILE, 1024, "68 sockets to each of 8 DNS servers"},
    {RLIMIT_NPROC, 0, "no process, no thread"},
    {RLIMIT_FSIZE, 0, "no file grows"},
    {RLIMIT_CORE, 0, ""},
    {RLIMIT_DATA, 128ULL << 20, "octets; 8 servers and a full cache take 60 MiB"},
};

}  // namespace

const RolePrivileges kResolverPrivileges = {
    .role = Role::kResolver,
    .name = "resolver",
    .uid_offset = 4,
    .namespaces = kAllButMount,
    .own = kOwn,
    .start = kStart,
    .fds = kFds,
    .limits = kLimits,
};

}  // namespace gatehouse
