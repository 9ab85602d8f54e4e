// SPDX-License-Identifier: Apache-2.0
// A spawner: PID 1 of empty namespaces, one user, no capability; forks and execs one role when the
// parent says so, and reports how each child ended.
//
// Runs in: a child of the launcher, which is root until confine() has run.
// Trusts: the parent. Invariants:
//  1. When the channel ends (the parent is gone, however) it exits, and the kernel kills every
//     process of its pid namespace.
//  2. A child gets the descriptors of the Spawn message as 3, 4, ... and nothing else but 0 to 2
//     and what its table says (base/privileges.h); an empty environment; a fresh address space.
#pragma once

#include <string>

#include "base/privileges.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace gatehouse::privileged {

struct SpawnerSpec {
  Role spawner;
  Role child;
  uid_t uid = 0;          // also the gid
  std::string binary;     // path of the role's executable
  std::string directory;  // of the configuration, of the logs, of the registrar's state; else empty
  std::string file;       // argument: the loader's: name of the configuration within directory; the
                          // registrar's: the group whose members may call it, or empty
};

// Makes the spawner process. channel is the parent's end.
struct SpawnerProcess {
  UniqueFd channel;
  pid_t pid = 0;
};
Result<SpawnerProcess> start_spawner(const SpawnerSpec& spec);

}  // namespace gatehouse::privileged
