// SPDX-License-Identifier: Apache-2.0
// What the kernel says of one process, from /proc/PID (proc(5)).
//
// Runs in: `gatehouse posture`, as root. Trusts: the kernel; nothing that the process can write
// itself (its name, its command line) is used.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gatehouse::cli {

struct LimitFact {
  std::uint64_t soft = 0;  // ~0: unlimited
  std::uint64_t hard = 0;
};

// The files of /proc/PID/ns that are looked at, by the names there.
inline constexpr std::array<std::string_view, 7> kNamespaceFiles = {"pid", "net",    "mnt", "ipc",
                                                                    "uts", "cgroup", "user"};

struct ProcessFacts {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string executable;  // /proc/PID/exe
  // Real, effective, saved, file system.
  std::array<std::uint32_t, 4> uids{}, gids{};
  std::string groups;  // supplementary, as written there
  std::uint64_t cap_inheritable = 0, cap_permitted = 0, cap_effective = 0, cap_bounding = 0,
                cap_ambient = 0;
  unsigned no_new_privileges = 0, seccomp = 0, seccomp_filters = 0, threads = 0;
  bool dumpable = true;  // others with the same uid may trace it
  std::map<std::string, std::string> namespaces;
  // The root directory: no entry, and the file system is read-only.
  bool root_is_empty = false;
  bool root_is_read_only = false;
  std::map<int, std::string> fds;           // number to what it is
  std::map<std::string, LimitFact> limits;  // by their names in /proc/PID/limits
};

// ENOENT or ESRCH as the error's number: the process is gone.
Result<ProcessFacts> read_process(pid_t pid);

// Direct children, by the parent's pid that the kernel reports.
Result<std::vector<pid_t>> children_of(pid_t pid);

// Parts of read_process, for tests. False where the text isn't what the kernel writes.
bool parse_status(std::string_view text, ProcessFacts* facts);
bool parse_limits(std::string_view text, ProcessFacts* facts);

}  // namespace gatehouse::cli
