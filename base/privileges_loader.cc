// SPDX-License-Identifier: Apache-2.0
// The loader: reads hostile configuration text once.
#include <sys/socket.h>

#include "base/privileges.h"

namespace gatehouse {
namespace {

constexpr auto kOwn = with_common({
    {SYS_read, "the text"},
    {SYS_write, "the compiled configuration"},
    {SYS_sendmsg,
     "the result, to the parent only",
     {{0, kExactly, kChannelFd}, {2, kExactly, MSG_NOSIGNAL | MSG_DONTWAIT}}},
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
    {kLoaderResolvConfFd, "/", "the host's DNS servers"},
};

constexpr LimitRule kLimits[] = {
    {RLIMIT_NOFILE, 8, "its six descriptors"},
    {RLIMIT_NPROC, 0, "no process, no thread"},
    {RLIMIT_FSIZE, 64ULL << 20, "octets of compiled configuration"},
    {RLIMIT_CORE, 0, ""},
    {RLIMIT_CPU, 20, "seconds; an endless loop ends"},
    {RLIMIT_DATA, 512ULL << 20, "octets"},
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
