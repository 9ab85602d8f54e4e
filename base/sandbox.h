// SPDX-License-Identifier: Apache-2.0
// Puts the tables of base/privileges.h into force for the calling process: seccomp(2), landlock(7),
// limits, no_new_privs. Every function fails closed: the caller must end the process on an error.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/privileges.h"
#include "base/result.h"

namespace gatehouse {

// Default KILL_PROCESS, also for foreign architectures and x32. Needs no_new_privs.
Status install_filter(std::span<const SyscallRule> rules);

// The compiled BPF program of the same filter, for tests and `gatehouse posture --seccomp`.
Result<std::string> export_filter(std::span<const SyscallRule> rules);

// landlock(7) with every right of the running kernel's ABI denied.
struct LandlockAllow {
  int fd;               // O_PATH, a directory or file
  std::uint64_t rights; // LANDLOCK_ACCESS_FS_*
};
inline constexpr std::uint64_t kLandlockExecute = 1ULL << 0;
inline constexpr std::uint64_t kLandlockWriteFile = 1ULL << 1;
inline constexpr std::uint64_t kLandlockReadFile = 1ULL << 2;
inline constexpr std::uint64_t kLandlockReadDir = 1ULL << 3;
inline constexpr std::uint64_t kLandlockMakeReg = 1ULL << 8;

// The ABI of the running kernel; 0 without Landlock.
int landlock_abi();
// Restricts the calling process; deny_network also denies TCP bind and connect (ABI 4) and
// abstract unix sockets and signals to the outside (ABI 6). Without Landlock: succeeds, does
// nothing (the caller reports missing layers from landlock_abi()).
Status landlock_restrict(std::span<const LandlockAllow> allow, bool deny_network);

Status set_limits(std::span<const LimitRule> limits);
Status set_no_new_privileges();

}  // namespace gatehouse
