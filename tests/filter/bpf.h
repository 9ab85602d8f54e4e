// SPDX-License-Identifier: Apache-2.0
// The two sides that tests/filter compares: a classic BPF interpreter for compiled seccomp filters,
// and an evaluator of the tables of base/privileges.h that shares no code with their compiler.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <unistd.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/privileges.h"
#include "base/sandbox.h"

namespace gatehouse::filter {

using Program = std::vector<sock_filter>;

// The compiled form of the tables together.
Program compile(std::span<const SyscallRule> rules, std::span<const SyscallRule> more = {},
                std::span<const SyscallRule> even_more = {});

// What the kernel would return (SECCOMP_RET_...). Throws std::runtime_error at an instruction that
// the kernel doesn't know or a jump out of the program.
std::uint32_t run(const Program& program, const seccomp_data& data);

// True when the row allows these arguments of its call.
bool row_allows(const SyscallRule& row, const seccomp_data& data, std::uint64_t own_pid);

// True when a row of the tables allows the call as x86_64 makes it.
template <class... Tables>
bool tables_allow(const seccomp_data& data, const Tables&... tables) {
  if (data.arch != AUDIT_ARCH_X86_64) return false;
  const auto own_pid = static_cast<std::uint64_t>(getpid());
  const auto any = [&](std::span<const SyscallRule> table) {
    for (const SyscallRule& row : table) {
      if (row.number == data.nr && row_allows(row, data, own_pid)) return true;
    }
    return false;
  };
  return (any(tables) || ...);
}

// "socket(a0=0x2, a1=0x80801, ...) of architecture c000003e"
std::string describe(const seccomp_data& data);

}  // namespace gatehouse::filter
