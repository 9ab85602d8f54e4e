// SPDX-License-Identifier: Apache-2.0
// What each process may do, as data: user, capabilities, namespaces, system calls with reasons,
// descriptors, limits. Applied by base/sandbox.h, printed and verified by `gatehouse posture`,
// attested by the parent. The tables here are authoritative.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gatehouse {

// One condition on one argument: (argument & mask) == value, over all 64 bits. Only equality and
// masked equality exist: libseccomp 2.5.4 compiles ordered comparisons wrongly (CVE-less, fixed in
// 2.6.1, GHSA-4q85-33p6-j5g6).
struct ArgumentCheck {
  std::uint8_t argument;
  std::uint64_t mask;
  std::uint64_t value;
};

// A system call is allowed when one of its rows matches in all its checks.
struct SyscallRule {
  int number;
  std::string_view reason;
  ArgumentCheck checks[3] = {};  // mask 0: unused
};

// A descriptor that the process must have at its start, and what /proc/PID/fd shows for it
// (prefix). Anything outside the table is a difference.
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

enum NamespaceFlags : unsigned { kPid = 1, kNet = 2, kMount = 4, kIpc = 8, kUts = 16, kCgroup = 32 };

enum class Role : unsigned {
  kParent = 0,
  kWorkerSpawner,
  kWorker,
  kLoaderSpawner,
  kLoader,
  kLoggerSpawner,
  kLogger,
};
inline constexpr unsigned kRoles = 7;

struct RolePrivileges {
  Role role;
  std::string_view name;
  unsigned uid_offset;             // added to the instance's uid base
  std::uint64_t capabilities;      // effective = permitted = bounding, as a bit set
  unsigned namespaces;             // own, different from the parent's
  bool empty_root;                 // chroot into an empty read-only file system
  bool landlock_network;           // bind and connect denied (where the kernel knows how)
  unsigned seccomp_filters;        // as /proc/PID/status counts them
  std::span<const SyscallRule> outer;  // put on by the spawner before exec; empty: none
  std::span<const SyscallRule> own;    // put on by the process itself
  std::span<const FdRule> fds;
  std::span<const LimitRule> limits;
};

const RolePrivileges& privileges(Role role);
// Nothing for a number that is no role.
std::optional<Role> role_from_number(unsigned number);

// Fixed descriptors of the children of a spawner (order of the fds in a Spawn message).
inline constexpr int kChannelFd = 3;      // every role: to the parent
inline constexpr int kWorkerLogFd = 4;    // worker: write end of its log pipe
inline constexpr int kWorkerMetricsFd = 5;
inline constexpr int kWorkerConfigFd = 6; // worker: sealed Config
inline constexpr int kLoaderOutputFd = 4; // loader: memfd for the Config; text is fd 0
inline constexpr int kLoggerDirectoryFd = 4;  // logger: the log directory (O_PATH)

}  // namespace gatehouse
