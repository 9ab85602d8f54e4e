// SPDX-License-Identifier: Apache-2.0
// The parent: makes every socket, decides by kernel evidence, supervises.
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/privileges.h"

namespace gatehouse {
namespace {

constexpr std::uint64_t kDatagram = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
constexpr std::uint64_t kStream = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

// A setsockopt row: level and option.
#define OPTION(level, option, reason)               \
  {                                                 \
    SYS_setsockopt, reason, {                       \
      {1, kExactly, level}, { 2, kExactly, option } \
    }                                               \
  }

constexpr auto kOwn = with_common({
    {SYS_socket,
     "upstream and listening sockets",
     {{0, kExactly, AF_INET}, {1, kExactly, kStream}, {2, kExactly, 0}}},
    {SYS_socket,
     "the same, IPv6",
     {{0, kExactly, AF_INET6}, {1, kExactly, kStream}, {2, kExactly, 0}}},
    {SYS_socket,
     "to DNS servers",
     {{0, kExactly, AF_INET}, {1, kExactly, kDatagram}, {2, kExactly, 0}}},
    {SYS_socket,
     "the same, IPv6",
     {{0, kExactly, AF_INET6}, {1, kExactly, kDatagram}, {2, kExactly, 0}}},
    {SYS_socketpair,
     "channels to new children",
     {{0, kExactly, AF_UNIX}, {1, kExactly, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC}}},
    {SYS_bind, "the client's address, a listener, and the probe for local addresses"},
    {SYS_listen, "listeners added by a reload"},
    {SYS_connect, "upstream connections"},
    OPTION(SOL_IP, IP_TRANSPARENT, "foreign source addresses"),
    OPTION(SOL_IPV6, IPV6_TRANSPARENT, "the same, IPv6"),
    OPTION(SOL_IP, IP_BIND_ADDRESS_NO_PORT, "the port is chosen at connect"),
    OPTION(SOL_IPV6, IPV6_V6ONLY, "one family a listener"),
    OPTION(SOL_SOCKET, SO_LOCK_FILTER, "the taint of our own sockets"),
    OPTION(SOL_SOCKET, SO_LINGER, "close resets, and never blocks"),
    OPTION(SOL_SOCKET, SO_REUSEADDR, "listeners"),
    OPTION(SOL_SOCKET, SO_REUSEPORT, "listeners of one address"),
    OPTION(SOL_SOCKET, SO_PASSCRED, "whose Ready it is"),
    OPTION(SOL_SOCKET, SO_KEEPALIVE, "dead clients are noticed"),
    OPTION(SOL_TCP, TCP_NODELAY, "no delay for heads"),
    OPTION(SOL_TCP, TCP_USER_TIMEOUT, "a peer that takes nothing"),
    {SYS_getsockopt, "evidence and SO_ERROR"},
    {SYS_getsockname, "evidence"},
    {SYS_getpeername, "evidence"},
    {SYS_accept4, "control connections", {{3, kExactly, SOCK_NONBLOCK | SOCK_CLOEXEC}}},
    {SYS_recvmsg, "channels", {{2, kExactly, MSG_CMSG_CLOEXEC | MSG_DONTWAIT}}},
    {SYS_sendmsg, "channels", {{2, kExactly, MSG_NOSIGNAL | MSG_DONTWAIT}}},
    {SYS_openat, "/proc/PID/status of a worker", {{2, kExactly, O_RDONLY | O_CLOEXEC}}},
    {SYS_read, "that file and the signal descriptor"},
    {SYS_pread64, "the compiled configuration"},
    {SYS_write, "its log pipe"},
    {SYS_close, ""},
    {SYS_epoll_wait, "the loop"},
    {SYS_epoll_ctl, "the loop"},
    {SYS_memfd_create, "metrics pages and configurations"},
    {SYS_ftruncate, "their size"},
    {SYS_lseek, "their size"},
    {SYS_fcntl, "their seals", {{1, kExactly, F_ADD_SEALS}}},
    {SYS_fcntl, "their seals", {{1, kExactly, F_GET_SEALS}}},
    {SYS_fcntl,
     "a copy of the configuration for a restarted logger",
     {{1, kExactly, F_DUPFD_CLOEXEC}}},
    {SYS_fcntl, "room in a log pipe", {{1, kExactly, F_SETPIPE_SZ}}},
    {SYS_pipe2, "log pipes of new workers", {{1, kExactly, O_NONBLOCK | O_CLOEXEC}}},
    {SYS_clock_gettime, "where the vDSO can't answer"},
    {SYS_mremap, "memory"},
    {SYS_madvise, "memory", {{2, kExactly, MADV_DONTNEED}}},
    {SYS_getrandom, "seeds of malloc"},
    {SYS_restart_syscall, "epoll_wait after a stop"},
    {SYS_rt_sigreturn, ""},
});
#undef OPTION

constexpr SyscallRule kStart[] = {
    {SYS_dup2, "standard output and error go to the logger"},
    {SYS_epoll_create1, "the loop"},
    {SYS_capget, "giving up CAP_NET_BIND_SERVICE and CAP_SETPCAP after the listeners"},
    {SYS_capset, "the same"},
    {SYS_newfstatat, "libcap-ng reads /proc/self/status"},
    {SYS_prctl, "the same, bounding set", {{0, kExactly, PR_CAPBSET_DROP}}},
    {SYS_prctl, "the same, read back", {{0, kExactly, PR_CAPBSET_READ}}},
    {SYS_prctl, "libcap-ng clears the ambient set", {{0, kExactly, PR_CAP_AMBIENT}}},
    {SYS_prctl, "libseccomp", {{0, kExactly, PR_GET_SECCOMP}}},
    {SYS_prctl, "libseccomp", {{0, kExactly, PR_SET_NO_NEW_PRIVS}}},
    {SYS_seccomp, "the final filter"},
};

constexpr FdRule kFds[] = {
    {0, "/dev/null", ""},
    {1, "/dev/null", "standard output as it was given; never written to"},
    {2, "/dev/null", "standard error goes to the logger once that runs"},
    {-1, "socket:", "channels, listeners, control socket, connections under way"},
    {-1, "pipe:", "read ends kept for the logger, its own log pipe"},
    {-1, "/memfd:gatehouse-metrics", "counters"},
    {-1, "/memfd:gatehouse-config", "configuration"},
    {-1, "/memfd:gatehouse-lists", "compiled lists, never looked into"},
    {-1, "/memfd:gatehouse-clients", "the run-time table, for registrar and workers; never mapped"},
    {-1, "/memfd:gatehouse-limits", "workers' table of limits, never looked into"},
    {-1, "/proc", "for attestation"},
    {-1, "anon_inode:[eventpoll]", "the loop"},
    {-1, "anon_inode:[signalfd]", "signals"},
};

constexpr LimitRule kLimits[] = {
    {RLIMIT_CORE, 0, "no core files"},
    {RLIMIT_NOFILE, 32768,
     "64 workers with 64 connections under way each; at its end a descriptor that a worker sends "
     "is "
     "lost, and so is an answer (ETOOMANYREFS), which looks like the worker's fault"},
    {RLIMIT_NPROC, 0, "no process, no thread"},
    {RLIMIT_FSIZE, 64ULL << 20, "octets; memory files only"},
};

}  // namespace

const RolePrivileges kParentPrivileges = {
    .role = Role::kParent,
    .name = "parent",
    .uid_offset = 0,
    .capabilities = 1ULL << CAP_NET_ADMIN,
    .seccomp_filters = 2,  // one before it reads the configuration, the final one
    .own = kOwn,
    .start = kStart,
    .fds = kFds,
    .limits = kLimits,
};

}  // namespace gatehouse
