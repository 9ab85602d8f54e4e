// SPDX-License-Identifier: Apache-2.0
#include "base/sandbox.h"

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/unique_fd.h"

namespace gatehouse {
namespace {

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

Error seccomp_error(const char* what, int result) {
  return Error{-result, std::string("seccomp filter: ") + what + ": " + std::strerror(-result)};
}

Status add_rules(void* filter, Rules rules) {
  for (const SyscallRule& rule : rules) {
    scmp_arg_cmp checks[std::size(rule.checks)];
    unsigned count = 0;
    for (const ArgumentCheck& check : rule.checks) {
      if (check.mask == 0) continue;
      const std::uint64_t value =
          check.value == kOwnPid ? static_cast<std::uint64_t>(getpid()) : check.value;
      // A plain equality compiles to fewer instructions than a full mask.
      checks[count++] = check.mask == kExactly
                            ? scmp_arg_cmp{check.argument, SCMP_CMP_EQ, value, 0}
                            : scmp_arg_cmp{check.argument, SCMP_CMP_MASKED_EQ, check.mask, value};
    }
    const int result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule.number, count, checks);
    // The same row in two tables is no error.
    if (result != 0 && result != -EEXIST) return seccomp_error("adding a rule", result);
  }
  return ok();
}

Result<Filter> build_filter(Rules rules, Rules more, Rules even_more) {
  Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return Error{ENOMEM, "seccomp filter: out of memory"};
  int result = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (result != 0) return seccomp_error("setting the action for foreign architectures", result);
  for (Rules table : {rules, more, even_more}) {
    if (auto status = add_rules(filter.get(), table); !status) return status.error();
  }
  return filter;
}

// landlock(7); Debian 12's header ends at an older ABI, so the numbers stand here.
struct LandlockRuleset {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};
struct [[gnu::packed]] LandlockPathBeneath {
  std::uint64_t allowed_access;
  std::int32_t parent_fd;
};
constexpr unsigned kCreateRulesetVersion = 1;
constexpr int kRulePathBeneath = 1;

// Every file-system right of an ABI: 13 from ABI 1, then REFER (2), TRUNCATE (3), IOCTL_DEV (5).
std::uint64_t file_rights(int abi) {
  std::uint64_t rights = (1ULL << 13) - 1;
  if (abi >= 2) rights |= 1ULL << 13;
  if (abi >= 3) rights |= 1ULL << 14;
  if (abi >= 5) rights |= 1ULL << 15;
  return rights;
}

}  // namespace

Status install_filter(Rules rules, Rules more, Rules even_more) {
  auto filter = build_filter(rules, more, even_more);
  if (!filter) return filter.error();
  const int result = seccomp_load(filter->get());
  if (result != 0) return seccomp_error("loading", result);
  return ok();
}

Status export_filter(int fd, Rules rules, Rules more, Rules even_more) {
  auto filter = build_filter(rules, more, even_more);
  if (!filter) return filter.error();
  const int result = seccomp_export_bpf(filter->get(), fd);
  if (result != 0) return seccomp_error("exporting", result);
  return ok();
}

int landlock_abi() {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateRulesetVersion);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

Status landlock_restrict(std::span<const LandlockAllow> allow, bool deny_network) {
  const int abi = landlock_abi();
  if (abi == 0) return ok();
  LandlockRuleset ruleset{file_rights(abi), 0, 0};
  if (abi >= 4 && deny_network) ruleset.handled_access_net = 3;  // bind and connect, TCP
  if (abi >= 6) ruleset.scoped = 3;                              // abstract unix sockets, signals
  const std::size_t size = abi >= 6 ? sizeof ruleset : abi >= 4 ? 16 : 8;
  const long fd = syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
  if (fd < 0) return errno_error("Landlock: making the rule set");
  const UniqueFd owned(static_cast<int>(fd));
  for (const LandlockAllow& rule : allow) {
    const LandlockPathBeneath path{rule.rights & ruleset.handled_access_fs, rule.fd};
    if (syscall(SYS_landlock_add_rule, owned.get(), kRulePathBeneath, &path, 0) != 0) {
      return errno_error("Landlock: adding a rule");
    }
  }
  if (syscall(SYS_landlock_restrict_self, owned.get(), 0) != 0) {
    return errno_error("Landlock: restricting the process");
  }
  return ok();
}

Status set_limits(std::span<const LimitRule> limits) {
  for (const LimitRule& rule : limits) {
    rlimit limit;
    if (getrlimit(rule.resource, &limit) != 0) return errno_error("reading a resource limit");
    // A host may allow less than we would.
    const rlim_t value = rule.value < limit.rlim_max ? rule.value : limit.rlim_max;
    limit = {value, value};
    if (setrlimit(rule.resource, &limit) != 0) return errno_error("setting a resource limit");
  }
  return ok();
}

Status set_no_new_privileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("setting no_new_privs");
  return ok();
}

}  // namespace gatehouse
