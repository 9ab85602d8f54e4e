// SPDX-License-Identifier: Apache-2.0
// The spawners: PID 1 of empty namespaces, fork and exec one role on the parent's word.
//
// One table serves the five: what a spawner may do, its child may not (the child gets the role's
// own rows and static_start_rules() as a second filter before exec).
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/privileges.h"

namespace gatehouse {
namespace {

constexpr SyscallRule kOwn[] = {
    // Its own work.
    {SYS_clone,
     "fork, no namespace flag, no thread",
     {{0, kExactly, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD}}},
    {SYS_execveat, "the role", {{0, kExactly, kSpawnerBinaryFd}, {4, kExactly, AT_EMPTY_PATH}}},
    {SYS_waitid, "how a child ended"},
    {SYS_kill, "a child that hangs", {{1, kExactly, SIGKILL}}},
    {SYS_ppoll, "the loop"},
    {SYS_rt_sigprocmask, "the child unblocks SIGCHLD"},
    {SYS_dup2, "the child's fixed descriptors"},
    {SYS_close_range, "nothing else goes to the child"},
    {SYS_prlimit64, "the child's limits; without CAP_SYS_RESOURCE only downwards"},
    {SYS_seccomp, "the child's filter before exec, and the role's own"},
    {SYS_openat,
     "loader spawner: the configuration file",
     {{0, kExactly, kSpawnerDirectoryFd}, {2, kExactly, O_RDONLY | O_CLOEXEC | O_NONBLOCK}}},
    {SYS_openat,
     "loader spawner: /etc/resolv.conf and the directory of time zones",
     {{0, ~0U, static_cast<std::uint32_t>(AT_FDCWD)},
      {2, kExactly, O_RDONLY | O_CLOEXEC | O_NONBLOCK}}},
    {SYS_openat,
     "registrar: the journal's files",
     {{0, kExactly, kRegistrarDirectoryFd},
      {2, kExactly, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW}}},
    {SYS_openat,
     "registrar: their directory",
     {{0, kExactly, kRegistrarDirectoryFd}, {2, kExactly, O_RDONLY | O_DIRECTORY | O_CLOEXEC}}},
    {SYS_landlock_create_ruleset, "the loader sees less of the file system than its spawner"},
    {SYS_landlock_add_rule, "the same"},
    {SYS_landlock_restrict_self, "the same"},
    {SYS_fcntl, "the child's descriptors move out of the way", {{1, kExactly, F_DUPFD_CLOEXEC}}},
    {SYS_set_robust_list, "the child of fork"},
    {SYS_gettid, "fork"},
    {SYS_getpid, "own pid in the child's filter"},
    // What its children need too; a child's second filter takes the rest away.
    {SYS_read, ""},
    {SYS_write, ""},
    {SYS_writev, ""},
    {SYS_close, ""},
    {SYS_splice, "", {{5, kExactly, SPLICE_F_MOVE | SPLICE_F_NONBLOCK}}},
    {SYS_shutdown, "", {{1, kExactly, SHUT_WR}}},
    {SYS_getsockopt, "", {{1, kExactly, SOL_TCP}, {2, kExactly, TCP_INFO}}},
    {SYS_getsockopt, "", {{1, kExactly, SOL_SOCKET}, {2, kExactly, SO_PEERCRED}}},
    {SYS_getsockopt, "", {{1, kExactly, SOL_SOCKET}, {2, kExactly, SO_PEERGROUPS}}},
    {SYS_accept4, "", {{3, kExactly, SOCK_NONBLOCK | SOCK_CLOEXEC}}},
    {SYS_getsockname, ""},
    {SYS_epoll_wait, ""},
    {SYS_epoll_ctl, ""},
    {SYS_epoll_create1, ""},
    {SYS_eventfd2, ""},
    {SYS_timerfd_create, ""},
    {SYS_timerfd_settime, ""},
    {SYS_pipe2, ""},
    {SYS_poll, ""},
    {SYS_recvmsg, "", {{0, kExactly, kChannelFd}, {2, kExactly, MSG_CMSG_CLOEXEC | MSG_DONTWAIT}}},
    {SYS_sendmsg, "", {{0, kExactly, kChannelFd}, {2, kExactly, MSG_NOSIGNAL | MSG_DONTWAIT}}},
    {SYS_openat,
     "loader: rule files and lists",
     {{0, kExactly, kLoaderDirectoryFd}, {2, kExactly, O_RDONLY | O_CLOEXEC | O_NONBLOCK}}},
    {SYS_openat,
     "loader: time zones",
     {{0, kExactly, kLoaderZonesFd}, {2, kExactly, O_RDONLY | O_CLOEXEC | O_NONBLOCK}}},
    {SYS_openat,
     "logger: its files",
     {{0, kExactly, kLoggerDirectoryFd},
      {2, kExactly, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK}}},
    {SYS_openat,
     "resolver: what c-ares reads at its start",
     {{0, ~0U, static_cast<std::uint32_t>(AT_FDCWD)}, {2, kExactly, O_RDONLY}}},
    {SYS_sendto, "", {{3, kExactly, MSG_NOSIGNAL}, {4, kExactly, 0}}},
    {SYS_sendto, "", {{3, kExactly, MSG_MORE}, {4, kExactly, 0}}},
    {SYS_clock_gettime, ""},
    {SYS_brk, ""},
    {SYS_mmap, "", {{2, ~3ULL, 0}, {3, kExactly, MAP_PRIVATE | MAP_ANONYMOUS}}},
    {SYS_mmap, "", {{2, kExactly, PROT_READ}, {3, kExactly, MAP_PRIVATE}}},
    {SYS_mmap,
     "worker: its metrics page",
     {{2, kExactly, PROT_READ | PROT_WRITE},
      {3, kExactly, MAP_SHARED},
      {4, kExactly, kWorkerMetricsFd}}},
    {SYS_mmap,
     "worker: the table of limits",
     {{2, kExactly, PROT_READ | PROT_WRITE},
      {3, kExactly, MAP_SHARED},
      {4, kExactly, kWorkerLimitsFd}}},
    {SYS_mmap,
     "worker: the run-time table",
     {{2, kExactly, PROT_READ}, {3, kExactly, MAP_SHARED}, {4, kExactly, kWorkerClientsFd}}},
    {SYS_mprotect, "", {{2, ~3ULL, 0}}},
    {SYS_munmap, ""},
    {SYS_mremap, ""},
    {SYS_madvise, "", {{2, kExactly, MADV_DONTNEED}}},
    {SYS_getrandom, ""},
    {SYS_futex, "", {{1, kExactly, FUTEX_WAKE_PRIVATE}}},
    {SYS_sched_getaffinity, ""},
    {SYS_lseek, ""},
    {SYS_pread64, ""},
    {SYS_pwrite64, ""},
    {SYS_ftruncate, ""},
    {SYS_fsync, ""},
    {SYS_fdatasync, ""},
    {SYS_flock, "", {{1, kExactly, LOCK_EX | LOCK_NB}}},
    {SYS_fcntl, "", {{1, kExactly, F_SETPIPE_SZ}}},
    {SYS_fcntl, "", {{1, kExactly, F_GETPIPE_SZ}}},
    {SYS_fcntl, "", {{1, kExactly, F_GET_SEALS}}},
    {SYS_arch_prctl, ""},
    {SYS_set_tid_address, ""},
    {SYS_rseq, ""},
    {SYS_readlink, ""},
    {SYS_readlinkat, ""},
    {SYS_fstat, ""},
    {SYS_newfstatat, ""},
    {SYS_uname, ""},
    {SYS_prctl, "", {{0, kExactly, PR_SET_NAME}}},
    {SYS_prctl, "", {{0, kExactly, PR_GET_NAME}}},
    {SYS_prctl, "", {{0, kExactly, PR_SET_DUMPABLE}, {1, kExactly, 0}}},
    {SYS_prctl, "", {{0, kExactly, PR_GET_SECCOMP}}},
    {SYS_prctl, "", {{0, kExactly, PR_SET_NO_NEW_PRIVS}}},
    {SYS_rt_sigaction, ""},
    {SYS_rt_sigreturn, ""},
    {SYS_restart_syscall, ""},
    {SYS_exit_group, ""},
    {SYS_tgkill, "abort()", {{2, kExactly, SIGABRT}}},
};

constexpr FdRule kFds[] = {
    {0, "/dev/null", ""},
    {1, "/dev/null", ""},
    {2, "/dev/null", ""},
    {kChannelFd, "socket:", "channel to the parent"},
    {kSpawnerBinaryFd, "/", "what it executes"},
    {kSpawnerDirectoryFd, "/", "the directory of the configuration, or of the registrar's state"},
    {-1, "anon_inode:[signalfd]", "children that ended"},
};
constexpr FdRule kLoggerSpawnerFds[] = {
    {0, "/dev/null", ""},
    {1, "*", "for the logger"},
    {2, "*", "for the logger"},
    {kChannelFd, "socket:", "channel to the parent"},
    {kSpawnerBinaryFd, "/", "what it executes"},
    {kSpawnerDirectoryFd, "/", "the log directory"},
    {-1, "anon_inode:[signalfd]", "children that ended"},
};

// A limit that a child needs higher can't be set lower here.
constexpr LimitRule kLimits[] = {
    {RLIMIT_CORE, 0, "no core files"},
};

constexpr RolePrivileges spawner(Role role, std::string_view name, unsigned uid_offset) {
  return {
      .role = role,
      .name = name,
      .uid_offset = uid_offset,
      .namespaces = kAllButMount,
      .seccomp_filters = 1,
      .own = kOwn,
      .fds = kFds,
      .limits = kLimits,
  };
}
constexpr RolePrivileges worker_spawner() {
  RolePrivileges role = spawner(Role::kWorkerSpawner, "worker-spawner", 1);
  role.namespaces |= kMount;
  role.empty_root = true;
  return role;
}
constexpr RolePrivileges logger_spawner() {
  RolePrivileges role = spawner(Role::kLoggerSpawner, "logger-spawner", 3);
  role.fds = kLoggerSpawnerFds;
  return role;
}

}  // namespace

constinit const RolePrivileges kWorkerSpawnerPrivileges = worker_spawner();
constinit const RolePrivileges kLoaderSpawnerPrivileges =
    spawner(Role::kLoaderSpawner, "loader-spawner", 2);
constinit const RolePrivileges kLoggerSpawnerPrivileges = logger_spawner();
constinit const RolePrivileges kResolverSpawnerPrivileges =
    spawner(Role::kResolverSpawner, "resolver-spawner", 4);
constinit const RolePrivileges kRegistrarSpawnerPrivileges =
    spawner(Role::kRegistrarSpawner, "registrar-spawner", 5);

}  // namespace gatehouse
