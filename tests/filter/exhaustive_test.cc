// SPDX-License-Identifier: Apache-2.0
// Every compiled filter allows exactly what the rows of its tables say, whatever the call, the
// architecture and the arguments; everything else kills the process.
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "tests/filter/bpf.h"

namespace gatehouse::filter {
namespace {

constexpr int kNumbers = 2048;
constexpr std::uint32_t kX32 = 0x4000'0000;
constexpr std::uint32_t kArchitectures[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64,
                                            0};
constexpr std::uint64_t kOnes = ~0ULL;

struct Stack {
  std::string name;
  std::span<const SyscallRule> a, b, c;
};

void PrintTo(const Stack& stack, std::ostream* out) { *out << stack.name; }

std::vector<Stack> all_stacks() {
  std::vector<Stack> stacks;
  for (unsigned i = 0; i < kRoles; ++i) {
    const RolePrivileges& role = privileges(static_cast<Role>(i));
    const std::string name(role.name);
    stacks.push_back({name + "_own", role.own, {}, {}});
    if (role.start.empty()) continue;
    const bool execed = role.role != Role::kParent;
    stacks.push_back({name + "_start", role.own, role.start,
                      execed ? static_start_rules() : std::span<const SyscallRule>()});
  }
  return stacks;
}

class EveryFilter : public testing::TestWithParam<Stack> {
 protected:
  // Values worth trying for each argument of each call: of all rows and around them.
  using Values = std::array<std::set<std::uint64_t>, 6>;

  void SetUp() override {
    const Stack& stack = GetParam();
    program_ = compile(stack.a, stack.b, stack.c);
    for (const auto table : {stack.a, stack.b, stack.c}) {
      for (const SyscallRule& row : table) add(row);
    }
  }

  void add(const SyscallRule& row) {
    Values& values = values_[row.number];
    for (const ArgumentCheck& check : row.checks) {
      if (check.mask == 0) continue;
      const std::uint64_t value =
          check.value == kOwnPid ? static_cast<std::uint64_t>(getpid()) : check.value;
      auto& set = values[check.argument];
      set.insert({0, kOnes, value, value + 1, value - 1, value | 1ULL << 32, value | 1ULL << 63,
                  value ^ 0x8000'0000ULL, value | ~check.mask});
      // What the mask leaves free may be anything; one bit beside it may not.
      if (check.mask != kExactly) set.insert({~check.mask, (~check.mask + 1) | value});
    }
  }

  // Counts and judges one call; false when the filter and the tables differ.
  bool same(const seccomp_data& data) {
    ++tried_;
    const Stack& stack = GetParam();
    const bool expected = tables_allow(data, stack.a, stack.b, stack.c);
    allowed_ += expected ? 1 : 0;
    return run(program_, data) == (expected ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS);
  }

  // All combinations of the values from this argument on.
  void combine(seccomp_data data, const Values& values, unsigned argument) {
    if (argument == 6) {
      if (!same(data)) differences_.push_back(describe(data));
      return;
    }
    if (values[argument].empty()) {  // no row looks at it
      for (const std::uint64_t value : {std::uint64_t{0}, kOnes}) {
        for (unsigned i = argument; i < 6; ++i) {
          if (values[i].empty()) data.args[i] = value;
        }
        unsigned next = argument + 1;
        while (next < 6 && values[next].empty()) ++next;
        combine(data, values, next);
      }
      return;
    }
    for (const std::uint64_t value : values[argument]) {
      data.args[argument] = value;
      combine(data, values, argument + 1);
    }
  }

  Program program_;
  std::map<int, Values> values_;
  std::vector<std::string> differences_;
  std::uint64_t tried_ = 0;
  std::uint64_t allowed_ = 0;
};

TEST_P(EveryFilter, AllowsExactlyItsRows) {
  const Values nothing;
  for (int number = 0; number < kNumbers; ++number) {
    const auto found = values_.find(number);
    const Values& values = found == values_.end() ? nothing : found->second;
    for (const std::uint32_t architecture : kArchitectures) {
      for (const std::uint32_t bit : {0U, kX32}) {
        seccomp_data data{};
        data.nr = static_cast<int>(static_cast<std::uint32_t>(number) | bit);
        data.arch = architecture;
        combine(data, values, 0);
      }
    }
  }
  for (const std::uint32_t number : {0x7fff'ffffU, 0x8000'0000U, 0xffff'ffffU, 0xbfff'ffffU}) {
    for (const std::uint32_t architecture : kArchitectures) {
      seccomp_data data{};
      data.nr = static_cast<int>(number);
      data.arch = architecture;
      combine(data, nothing, 0);
    }
  }
  EXPECT_TRUE(differences_.empty())
      << differences_.size() << " of " << tried_ << " differ, the first: " << differences_.front();
  EXPECT_GT(allowed_, 0u);
  RecordProperty("tried", static_cast<int>(tried_));
}

// Each row is needed: it allows something that no other row of its filter allows.
TEST_P(EveryFilter, HasNoRowTwice) {
  const Stack& stack = GetParam();
  const auto implied = [](const SyscallRule& row, const SyscallRule& by) {
    return std::all_of(std::begin(by.checks), std::end(by.checks), [&](const ArgumentCheck& outer) {
      return outer.mask == 0 ||
             std::any_of(std::begin(row.checks), std::end(row.checks),
                         [&](const ArgumentCheck& inner) {
                           return inner.argument == outer.argument &&
                                  (inner.mask & outer.mask) == outer.mask &&
                                  (inner.value & outer.mask) == (outer.value & outer.mask);
                         });
    });
  };
  for (const auto table : {stack.a, stack.b, stack.c}) {
    for (const SyscallRule& row : table) {
      for (const SyscallRule& other : table) {
        if (&row == &other || row.number != other.number) continue;
        EXPECT_FALSE(implied(row, other)) << "call " << row.number << " (" << row.reason
                                          << ") is allowed by another row: " << other.reason;
      }
    }
  }
}

std::string name_of(const testing::TestParamInfo<Stack>& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Roles, EveryFilter, testing::ValuesIn(all_stacks()), name_of);

// The interpreter itself is right about the parts that a filter is made of.
TEST(Interpreter, KnowsEveryInstructionOfAFilter) {
  seccomp_data data{};
  data.nr = 7;
  data.args[0] = 0xffff'0000'0000'00ffULL;
  const Program and_and_compare = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args) + 4),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf000'0000),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xf000'0000, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
  EXPECT_EQ(run(and_and_compare, data), SECCOMP_RET_ALLOW);
  data.args[0] = 0xff;
  EXPECT_EQ(run(and_and_compare, data), SECCOMP_RET_KILL_PROCESS);
  const Program ordered = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                           BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 7, 3, 0),
                           BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 7, 0, 2),
                           BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 4, 0, 1),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
  EXPECT_EQ(run(ordered, data), SECCOMP_RET_ALLOW);
  data.nr = 8;
  EXPECT_EQ(run(ordered, data), SECCOMP_RET_KILL_PROCESS);
  EXPECT_THROW(run({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)}, data), std::runtime_error);
  EXPECT_THROW(run({BPF_STMT(BPF_ST, 0)}, data), std::runtime_error);
}

}  // namespace
}  // namespace gatehouse::filter
