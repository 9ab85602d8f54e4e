// SPDX-License-Identifier: Apache-2.0
// How a process that is root gives everything up; each step fails closed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/privileges.h"
#include "base/result.h"

namespace gatehouse::privileged {

// Says why on standard error and exits.
[[noreturn]] void give_up(const std::string& why, int code = 1);
// The value, or give_up() with the error after whose.
template <class T>
T must(Result<T> result, const std::string& whose = {}) {
  if (!result) give_up(whose + result.error().what);
  return std::move(*result);
}

// An empty read-only file system as root directory, chroot'ed into a directory of it, which makes
// the kernel refuse CLONE_NEWUSER as well. Needs an own mount namespace.
Status enter_empty_root();

// Securebits locked, no supplementary groups, real, effective and saved uid and gid set, every
// capability outside keep gone from all sets, no_new_privs, not dumpable. Reads everything back.
Status become(uid_t id, std::uint64_t keep_capabilities);

// Leaves exactly these capabilities in all sets.
Status keep_only(std::uint64_t capabilities);

// In a test build (GATEHOUSE_ABLATION) true when the environment variable GATEHOUSE_OMIT names the
// layer; in a release always false, and the compiler removes what hangs on it.
#ifdef GATEHOUSE_ABLATION
bool omitted(std::string_view layer);
#else
constexpr bool omitted(std::string_view) { return false; }
#endif

}  // namespace gatehouse::privileged
