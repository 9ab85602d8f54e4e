// SPDX-License-Identifier: Apache-2.0
// The worker: parses HTTP, may be taken over; holds nothing.
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/privileges.h"

namespace gatehouse {
namespace {

constexpr auto kOwn = with_common({
    {SYS_read, "bodies and heads from sockets, and what is left in a pipe"},
    {SYS_write, "to sockets, the log pipe and Asio's wake-up"},
    {SYS_writev, "head and body in one call; unlike sendmsg it has no flags (MSG_FASTOPEN)"},
    {SYS_sendto,
     "the last octets before a FIN; as write(2), with no address and only this flag",
     {{3, kExactly, MSG_MORE}, {4, kExactly, 0}}},
    {SYS_splice, "long bodies without a copy", {{5, kExactly, SPLICE_F_MOVE | SPLICE_F_NONBLOCK}}},
    {SYS_close, "connections"},
    {SYS_shutdown, "end of what we send", {{1, kExactly, SHUT_WR}}},
    {SYS_getsockopt,
     "has the client taken everything?",
     {{1, kExactly, SOL_TCP}, {2, kExactly, TCP_INFO}}},
    {SYS_accept4,
     "client connections, and who they are",
     {{3, kExactly, SOCK_NONBLOCK | SOCK_CLOEXEC}}},
    {SYS_getsockname, "where the client wanted to go"},
    {SYS_epoll_wait, "the event loop"},
    {SYS_epoll_ctl, "the event loop"},
    {SYS_timerfd_settime, "the coarse timer"},
    {SYS_recvmsg,
     "from the parent only",
     {{0, kExactly, kChannelFd}, {2, kExactly, MSG_CMSG_CLOEXEC | MSG_DONTWAIT}}},
    {SYS_sendmsg,
     "to the parent only",
     {{0, kExactly, kChannelFd}, {2, kExactly, MSG_NOSIGNAL | MSG_DONTWAIT}}},
    {SYS_mmap,
     "the sealed lists, of a reload too",
     {{2, kExactly, PROT_READ}, {3, kExactly, MAP_PRIVATE}}},
    {SYS_fcntl, "the seals of configuration and lists", {{1, kExactly, F_GET_SEALS}}},
    {SYS_lseek, "the sizes of configuration and lists"},
    {SYS_pread64, "the configuration, of a reload too"},
    {SYS_clock_gettime, "where the vDSO can't answer"},
    {SYS_futex,
     "regular expressions of rules, which start once",
     {{1, kExactly, FUTEX_WAKE_PRIVATE}}},
});

constexpr SyscallRule kStart[] = {
    {SYS_epoll_create1, "its two epoll sets"},
    {SYS_timerfd_create, "its timer"},
    {SYS_eventfd2, "Asio's wake-up"},
    {SYS_pipe2, "the pipes for splice"},
    {SYS_fcntl, "those pipes become large", {{1, kExactly, F_SETPIPE_SZ}}},
    {SYS_fcntl,
     "their size where the user's share of large pipes is used up",
     {{1, kExactly, F_GETPIPE_SZ}}},
    {SYS_mmap,
     "the metrics page, shared",
     {{2, kExactly, PROT_READ | PROT_WRITE},
      {3, kExactly, MAP_SHARED},
      {4, kExactly, kWorkerMetricsFd}}},
    {SYS_mmap,
     "the table of limits, shared",
     {{2, kExactly, PROT_READ | PROT_WRITE},
      {3, kExactly, MAP_SHARED},
      {4, kExactly, kWorkerLimitsFd}}},
    {SYS_mmap,
     "the run-time table, which its descriptor lets nobody write",
     {{2, kExactly, PROT_READ}, {3, kExactly, MAP_SHARED}, {4, kExactly, kWorkerClientsFd}}},
    {SYS_getrandom, "seeds of hash tables and malloc"},
};

constexpr FdRule kFds[] = {
    {0, "/dev/null", ""},
    {1, "/dev/null", ""},
    {2, "/dev/null", ""},
    {kChannelFd, "socket:", "channel to the parent"},
    {kWorkerLogFd, "pipe:", "log records"},
    {kWorkerMetricsFd, "/memfd:gatehouse-metrics", "counters"},
    {kWorkerConfigFd, "/memfd:gatehouse-config", "configuration"},
    {kWorkerListsFd, "/memfd:gatehouse-lists", "compiled lists"},
    {kWorkerLimitsFd, "/memfd:gatehouse-limits", "table of limits"},
    {kWorkerClientsFd, "/memfd:gatehouse-clients", "run-time table, read-only"},
    {-1, "socket:", "listeners, clients and upstreams from the parent and accept4"},
    {-1, "anon_inode:[eventpoll]", "event loop"},
    {-1, "anon_inode:[eventfd]", "event loop"},
    {-1, "anon_inode:[timerfd]", "event loop"},
    {-1, "pipe:", "splice"},
};

constexpr LimitRule kLimits[] = {
    {RLIMIT_NOFILE, 16384, "bounds the connections a taken-over worker can hold"},
    {RLIMIT_NPROC, 0, "no process, no thread"},
    {RLIMIT_FSIZE, 0, "no file grows"},
    {RLIMIT_CORE, 0, "no traffic in core files"},
    {RLIMIT_MEMLOCK, 0, ""},
    {RLIMIT_MSGQUEUE, 0, ""},
    {RLIMIT_DATA, 2ULL << 30, "octets; a leak or an attack ends this worker, not the host"},
};

}  // namespace

const RolePrivileges kWorkerPrivileges = {
    .role = Role::kWorker,
    .name = "worker",
    .uid_offset = 1,
    .namespaces = kAllButMount | kMount,
    .empty_root = true,
    .own = kOwn,
    .start = kStart,
    .fds = kFds,
    .limits = kLimits,
};

}  // namespace gatehouse
