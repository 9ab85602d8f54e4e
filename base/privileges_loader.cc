// SPDX-License-Identifier: Apache-2.0
// The loader: reads hostile configuration text once.
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/socket.h>

#include "base/privileges.h"

namespace gatehouse {
namespace {

constexpr auto kOwn = with_common({
    {SYS_read, "the text, rule files, lists, time zones"},
    {SYS_openat,
     "rule files and lists, beneath the configuration's directory (Landlock)",
     {{0, kExactly, kLoaderDirectoryFd}, {2, kExactly, O_RDONLY | O_CLOEXEC | O_NONBLOCK}}},
    {SYS_openat,
     "time zones of rules",
     {{0, kExactly, kLoaderZonesFd}, {2, kExactly, O_RDONLY | O_CLOEXEC | O_NONBLOCK}}},
    {SYS_close, "those files"},
    {SYS_write, "the compiled configuration"},
    {SYS_sendmsg,
     "the result, to the parent only",
     {{0, kExactly, kChannelFd}, {2, kExactly, MSG_NOSIGNAL | MSG_DONTWAIT}}},
    {SYS_futex,
     "regular expressions of rules, which start once",
     {{1, kExactly, FUTEX_WAKE_PRIVATE}}},
});

constexpr SyscallRule kStart[] = {
    {SYS_sched_getaffinity, "workers = \"auto\""},
    {SYS_getrandom, "the instance's pseudonym, and malloc"},
};

constexpr FdRule kFds[] = {
    {0, "/", "configuration text"},
    {1, "/dev/null", ""},
    {2, "/dev/null", ""},
    {kChannelFd, "socket:", "channel to the parent"},
    {kLoaderOutputFd, "/memfd:gatehouse-config", "compiled configuration"},
    {kLoaderListsFd, "/memfd:gatehouse-lists", "compiled lists"},
    {kLoaderResolvConfFd, "/", "the host's DNS servers"},
    {kLoaderDirectoryFd, "/", "the configuration's directory"},
    {kLoaderZonesFd, "/", "time zones"},
    {kLoaderZonesFd + 1, "/", "a file of a policy while it is read"},
};

constexpr LimitRule kLimits[] = {
    {RLIMIT_NOFILE, kLoaderZonesFd + 2, "its descriptors, and one file at a time"},
    {RLIMIT_NPROC, 0, "no process, no thread"},
    {RLIMIT_FSIZE, 1ULL << 30, "octets of compiled lists"},
    {RLIMIT_CORE, 0, ""},
    {RLIMIT_CPU, 60, "seconds; an endless loop ends"},
    {RLIMIT_DATA, 1ULL << 30, "octets; 20 million entries of lists need 640 MB"},
};

}  // namespace

const RolePrivileges kLoaderPrivileges = {
    .role = Role::kLoader,
    .name = "loader",
    .uid_offset = 2,
    .namespaces = kAllButMount,
    .own = kOwn,
    .start = kStart,
    .fds = kFds,
    .limits = kLimits,
};

}  // namespace gatehouse
