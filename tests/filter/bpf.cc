// SPDX-License-Identifier: Apache-2.0
#include "tests/filter/bpf.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "base/unique_fd.h"

namespace gatehouse::filter {

Program compile(std::span<const SyscallRule> rules, std::span<const SyscallRule> more,
                std::span<const SyscallRule> even_more) {
  const UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
  if (auto status = export_filter(file.get(), rules, more, even_more); !status) {
    throw std::runtime_error(status.error().what);
  }
  const auto size = static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END));
  Program program(size / sizeof(sock_filter));
  if (size % sizeof(sock_filter) != 0 ||
      pread(file.get(), program.data(), size, 0) != static_cast<ssize_t>(size)) {
    throw std::runtime_error("the exported filter can't be read");
  }
  return program;
}

std::uint32_t run(const Program& program, const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size();) {
    const sock_filter& op = program[at++];
    bool taken = false;
    switch (op.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (op.k % 4 != 0 || op.k + 4 > sizeof data) throw std::runtime_error("load outside");
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + op.k, 4);
        continue;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= op.k;
        continue;
      case BPF_RET | BPF_K:
        return op.k;
      case BPF_JMP | BPF_JA:
        at += op.k;
        continue;
      case BPF_JMP | BPF_JEQ | BPF_K:
        taken = accumulator == op.k;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        taken = accumulator > op.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        taken = accumulator >= op.k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        taken = (accumulator & op.k) != 0;
        break;
      default:
        throw std::runtime_error("unknown instruction " + std::to_string(op.code));
    }
    at += taken ? op.jt : op.jf;
  }
  throw std::runtime_error("the program ends without a verdict");
}

bool row_allows(const SyscallRule& row, const seccomp_data& data, std::uint64_t own_pid) {
  for (const ArgumentCheck& check : row.checks) {
    const std::uint64_t wanted = check.value == kOwnPid ? own_pid : check.value;
    if ((data.args[check.argument] & check.mask) != (wanted & check.mask)) return false;
  }
  return true;
}

std::string describe(const seccomp_data& data) {
  char text[256];
  std::snprintf(text, sizeof text,
                "call %d (%#llx, %#llx, %#llx, %#llx, %#llx, %#llx) of architecture %x", data.nr,
                data.args[0], data.args[1], data.args[2], data.args[3], data.args[4], data.args[5],
                data.arch);
  return text;
}

}  // namespace gatehouse::filter
