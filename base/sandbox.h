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

using Rules = std::span<const SyscallRule>;

// Allows what one of the tables allows and kills the process for everything else, foreign
// architectures and x32 included. Needs no_new_privs.
Status install_filter(Rules rules, Rules more = {}, Rules even_more = {});

// The compiled BPF program of the same filter (struct sock_filter[]), for tests and
// `gatehouse posture --seccomp`. fd must be a regular file or pipe.
Status export_filter(int fd, Rules rules, Rules more = {}, Rules even_more = {});

// Rights of landlock(7) that our tables grant somewhere.
inline constexpr std::uint64_t kLandlockExecute = 1ULL << 0;
inline constexpr std::uint64_t kLandlockWriteFile = 1ULL << 1;
inline constexpr std::uint64_t kLandlockReadFile = 1ULL << 2;
inline constexpr std::uint64_t kLandlockReadDir = 1ULL << 3;
inline constexpr std::uint64_t kLandlockMakeReg = 1ULL << 8;
inline constexpr std::uint64_t kLandlockTruncate = 1ULL << 14;

struct LandlockAllow {
  int fd;                // O_PATH, a directory or a file
  std::uint64_t rights;  // kLandlock...
};

// The ABI of the running kernel; 0 without Landlock.
int landlock_abi();

// Denies every file-system right that the running kernel knows, except allow; with deny_network
// also TCP bind and connect (ABI 4), and always abstract unix sockets and signals to the outside
// (ABI 6). On a kernel without Landlock it does nothing and succeeds: the caller reports missing
// layers from landlock_abi().
Status landlock_restrict(std::span<const LandlockAllow> allow, bool deny_network);

Status set_limits(std::span<const LimitRule> limits);
Status set_no_new_privileges();

}  // namespace gatehouse
