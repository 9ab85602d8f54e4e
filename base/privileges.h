// SPDX-License-Identifier: Apache-2.0
// What each process may do, as data: user, capabilities, namespaces, system calls with reasons,
// descriptors, limits. Applied by base/sandbox.h, printed and verified by `gatehouse posture`,
// attested by the parent. The tables here are authoritative.
#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gatehouse {

// One condition on one argument: (argument & mask) == value, over all 64 bits. Only equality and
// masked equality exist: libseccomp 2.5.4 compiles ordered comparisons wrongly
// (GHSA-4q85-33p6-j5g6).
struct ArgumentCheck {
  std::uint8_t argument;
  std::uint64_t mask;
  std::uint64_t value;
};
inline constexpr std::uint64_t kExactly = ~0ULL;
// Stands for the pid of the process that installs the filter.
inline constexpr std::uint64_t kOwnPid = 0xffff'ffff'ffff'fff0ULL;

// A system call is allowed when one of its rows matches in all its checks.
struct SyscallRule {
  int number;
  std::string_view reason;
  ArgumentCheck checks[3] = {};  // mask 0: unused
};

// What every role needs and every table but the spawners' ends with.
inline constexpr SyscallRule kCommonRows[] = {
    {SYS_brk, "memory"},
    {SYS_mmap, "memory", {{2, ~3ULL, 0}, {3, kExactly, MAP_PRIVATE | MAP_ANONYMOUS}}},
    {SYS_munmap, "memory"},
    {SYS_exit_group, "the end"},
    {SYS_rt_sigprocmask, "abort()"},
    {SYS_gettid, "abort()"},
    {SYS_getpid, "abort()"},
    {SYS_tgkill, "abort(), itself only", {{0, kExactly, kOwnPid}, {2, kExactly, SIGABRT}}},
};

// These rows, then kCommonRows.
template <std::size_t n>
constexpr auto with_common(const SyscallRule (&rows)[n]) {
  std::array<SyscallRule, n + std::size(kCommonRows)> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i < n ? rows[i] : kCommonRows[i - n];
  return all;
}

// A descriptor that the process may have: number, or -1 for any number from 3; link_prefix is what
// /proc/PID/fd shows for it ("*": anything; "@4/": beneath what descriptor 4 is). Anything that no
// row matches is a difference.
struct FdRule {
  int fd;
  std::string_view link_prefix;
  std::string_view purpose;
};

struct LimitRule {
  __rlimit_resource resource;
  rlim_t value;
  std::string_view reason;
};

enum NamespaceFlags : unsigned {
  kPid = CLONE_NEWPID,
  kNet = CLONE_NEWNET,
  kMount = CLONE_NEWNS,
  kIpc = CLONE_NEWIPC,
  kUts = CLONE_NEWUTS,
  kCgroup = CLONE_NEWCGROUP,
  kAllButMount = kPid | kNet | kIpc | kUts | kCgroup,
};

enum class Role : unsigned {
  kParent = 0,
  kWorkerSpawner,
  kWorker,
  kLoaderSpawner,
  kLoader,
  kLoggerSpawner,
  kLogger,
  kResolverSpawner,
  kResolver,
  kRegistrarSpawner,
  kRegistrar,
};
inline constexpr unsigned kRoles = 11;

struct RolePrivileges {
  Role role;
  std::string_view name;
  unsigned uid_offset;             // added to the instance's uid base; the gid is the same
  std::uint64_t capabilities = 0;  // effective = permitted = bounding, as a bit set
  unsigned namespaces = 0;         // own, different from the parent's
  bool empty_root = false;         // chroot into an empty read-only file system
  // As /proc/PID/status counts them: the spawner's, the one before exec, its own.
  unsigned seccomp_filters = 3;
  std::span<const SyscallRule> own;         // put on by the process itself
  std::span<const SyscallRule> start = {};  // also allowed until then: exec and start-up
  std::span<const FdRule> fds;
  std::span<const LimitRule> limits;
};

const RolePrivileges& privileges(Role role);
// Nothing for a number that is no role.
std::optional<Role> role_from_number(unsigned number);

// The tables behind privileges(), one file a role (base/privileges_ROLE.cc).
extern const RolePrivileges kParentPrivileges;
extern const RolePrivileges kWorkerSpawnerPrivileges;
extern const RolePrivileges kWorkerPrivileges;
extern const RolePrivileges kLoaderSpawnerPrivileges;
extern const RolePrivileges kLoaderPrivileges;
extern const RolePrivileges kLoggerSpawnerPrivileges;
extern const RolePrivileges kLoggerPrivileges;
extern const RolePrivileges kResolverSpawnerPrivileges;
extern const RolePrivileges kResolverPrivileges;
extern const RolePrivileges kRegistrarSpawnerPrivileges;
extern const RolePrivileges kRegistrarPrivileges;

// What a static executable of glibc needs between execveat(2) and its own filter.
std::span<const SyscallRule> static_start_rules();

// Fixed descriptors of the children of a spawner (order of the fds in a Spawn message).
inline constexpr int kChannelFd = 3;    // every role and the spawners: to the parent
inline constexpr int kWorkerLogFd = 4;  // worker: write end of its log pipe
inline constexpr int kWorkerMetricsFd = 5;
inline constexpr int kWorkerConfigFd = 6;        // worker: sealed Config
inline constexpr int kWorkerListsFd = 7;         // worker: sealed lists, empty where there are none
inline constexpr int kWorkerLimitsFd = 8;        // worker: table of limits, of all workers
inline constexpr int kWorkerClientsFd = 9;       // worker: the run-time table, read-only
inline constexpr int kLoaderOutputFd = 4;        // loader: memfd for the Config; text is fd 0
inline constexpr int kLoaderListsFd = 5;         // loader: memfd for compiled lists
inline constexpr int kLoaderResolvConfFd = 6;    // loader: /etc/resolv.conf, or /dev/null
inline constexpr int kLoaderDirectoryFd = 7;     // loader: the configuration's directory (O_PATH)
inline constexpr int kLoaderZonesFd = 8;         // loader: /usr/share/zoneinfo, or /dev/null
inline constexpr int kResolverConfigFd = 4;      // resolver: sealed Config
inline constexpr int kLoggerDirectoryFd = 4;     // logger: the log directory (O_PATH)
inline constexpr int kRegistrarLogFd = 4;        // registrar: write end of its log pipe
inline constexpr int kRegistrarPageFd = 5;       // registrar: the run-time table
inline constexpr int kRegistrarDirectoryFd = 6;  // registrar: the state directory (O_PATH)
inline constexpr int kSpawnerBinaryFd = 10;      // spawner: what it executes (O_PATH)
inline constexpr int kSpawnerDirectoryFd =
    11;  // spawner: configuration, log or state directory (O_PATH)

// Octets of the run-time table (policy/clients/page.h); memory is taken for what is used only.
inline constexpr std::size_t kClientsPageSize = std::size_t{44} << 20;
// Octets of the table of limits.
inline constexpr std::size_t kLimitsSize = 24UL << 20;

}  // namespace gatehouse
