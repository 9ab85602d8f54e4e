// SPDX-License-Identifier: Apache-2.0
// The registrar: takes changes at run time from people, keeps them in a journal and in a page.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>

#include "base/privileges.h"

namespace gatehouse {
namespace {

constexpr auto kOwn = with_common({
    {SYS_poll, "the loop"},
    {SYS_read, "calls: unlike recvmsg it takes no descriptors"},
    {SYS_write, "answers, and its log pipe"},
    {SYS_close, "connections"},
    {SYS_recvmsg,
     "callers, from the parent only",
     {{0, kExactly, kChannelFd}, {2, kExactly, MSG_CMSG_CLOEXEC | MSG_DONTWAIT}}},
    {SYS_sendmsg,
     "to the parent only",
     {{0, kExactly, kChannelFd}, {2, kExactly, MSG_NOSIGNAL | MSG_DONTWAIT}}},
    {SYS_getsockopt, "who calls", {{1, kExactly, SOL_SOCKET}, {2, kExactly, SO_PEERCRED}}},
    {SYS_getsockopt, "in which groups", {{1, kExactly, SOL_SOCKET}, {2, kExactly, SO_PEERGROUPS}}},
    {SYS_pread64, "the journal"},
    {SYS_pwrite64, "the journal"},
    {SYS_ftruncate, "the journal's torn end, and a journal begun anew"},
    {SYS_fdatasync, "what is answered is on disk"},
    {SYS_clock_gettime, "where the vDSO can't answer"},
    {SYS_mremap, "memory"},
    {SYS_madvise, "memory", {{2, kExactly, MADV_DONTNEED}}},
    {SYS_getrandom, "seeds of malloc"},
    {SYS_restart_syscall, "poll after a stop"},
});

constexpr SyscallRule kStart[] = {
    {SYS_openat,
     "the journal's files",
     {{0, kExactly, kRegistrarDirectoryFd},
      {2, kExactly, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW}}},
    {SYS_openat,
     "their directory, to write their names to disk",
     {{0, kExactly, kRegistrarDirectoryFd}, {2, kExactly, O_RDONLY | O_DIRECTORY | O_CLOEXEC}}},
    {SYS_fsync, "the same"},
    {SYS_rt_sigaction, "SIGXFSZ and SIGPIPE are ignored"},
    {SYS_flock, "one registrar at a time", {{1, kExactly, LOCK_EX | LOCK_NB}}},
    {SYS_mmap,
     "the page that workers read",
     {{2, kExactly, PROT_READ | PROT_WRITE},
      {3, kExactly, MAP_SHARED},
      {4, kExactly, kRegistrarPageFd}}},
};

constexpr FdRule kFds[] = {
    {0, "/dev/null", ""},
    {1, "/dev/null", ""},
    {2, "/dev/null", ""},
    {kChannelFd, "socket:", "channel to the parent"},
    {kRegistrarLogFd, "pipe:", "audit records"},
    {-1, "socket:", "callers"},
    {kRegistrarDirectoryFd, "/", "the state directory"},
    {-1, "@6/", "the two files of its journal"},
};

constexpr LimitRule kLimits[] = {
    {RLIMIT_NOFILE, 128, "64 callers"},
    {RLIMIT_NPROC, 0, "no process, no thread"},
    {RLIMIT_FSIZE, 256ULL << 20, "octets; a full table takes 40 MiB of journal"},
    {RLIMIT_CORE, 0, ""},
    {RLIMIT_DATA, 256ULL << 20, "octets; a full table takes 100 MiB"},
};

}  // namespace

const RolePrivileges kRegistrarPrivileges = {
    .role = Role::kRegistrar,
    .name = "registrar",
    .uid_offset = 5,
    .namespaces = kAllButMount,
    .own = kOwn,
    .start = kStart,
    .fds = kFds,
    .limits = kLimits,
};

}  // namespace gatehouse
