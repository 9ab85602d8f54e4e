// SPDX-License-Identifier: Apache-2.0
#include "privileged/attest.h"

#include <fcntl.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "base/unique_fd.h"
#include "privileged/confine.h"

namespace gatehouse::privileged {

Status attest_text(const std::string& text, const RolePrivileges& promised, uid_t id,
                   unsigned inherited_filters) {
  char ids[64], capabilities[32], filters[16];
  std::snprintf(ids, sizeof ids, "%u\t%u\t%u\t%u", id, id, id, id);
  std::snprintf(capabilities, sizeof capabilities, "%016" PRIx64, promised.capabilities);
  std::snprintf(filters, sizeof filters, "%u", promised.seccomp_filters + inherited_filters);
  const struct {
    std::string_view key;
    std::string_view value;
  } lines[] = {
      {"Uid", ids},
      {"Gid", ids},
      {"Groups", " "},
      {"Threads", "1"},
      {"CapInh", "0000000000000000"},
      {"CapPrm", capabilities},
      {"CapEff", capabilities},
      {"CapBnd", capabilities},
      {"CapAmb", "0000000000000000"},
      {"NoNewPrivs", "1"},
      {"Seccomp", "2"},
      {"Seccomp_filters", filters},
  };
  for (const auto& line : lines) {
    const std::string wanted =
        "\n" + std::string(line.key) + ":\t" + std::string(line.value) + "\n";
    if (text.find(wanted) == std::string::npos) {
      return Error{EPERM,
                   "its " + std::string(line.key) + " is not '" + std::string(line.value) + "'"};
    }
  }
  return ok();
}

namespace {

// How /proc/PID/limits (proc(5)) calls what the tables limit.
constexpr struct {
  __rlimit_resource resource;
  std::string_view name;
} kLimitNames[] = {
    {RLIMIT_NOFILE, "Max open files"},     {RLIMIT_NPROC, "Max processes"},
    {RLIMIT_FSIZE, "Max file size"},       {RLIMIT_CORE, "Max core file size"},
    {RLIMIT_MEMLOCK, "Max locked memory"}, {RLIMIT_MSGQUEUE, "Max msgqueue size"},
    {RLIMIT_DATA, "Max data size"},        {RLIMIT_CPU, "Max cpu time"},
};

Result<std::string> read_proc(int proc, pid_t pid, const char* name) {
  const std::string path = std::to_string(pid) + "/" + name;
  const UniqueFd file(openat(proc, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return errno_error("opening /proc/" + path);
  std::string text(8192, '\0');
  const ssize_t size = read(file.get(), text.data(), text.size());
  if (size <= 0) return errno_error("reading /proc/" + path);
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

Status attest_limits(const std::string& text, const RolePrivileges& promised) {
  constexpr std::size_t kHardColumn = 47;  // "Limit", "Soft Limit", "Hard Limit" have fixed widths
  for (const LimitRule& rule : promised.limits) {
    std::string name;  // empty: not known here, and refused below
    for (const auto& known : kLimitNames) {
      if (known.resource == rule.resource) name = known.name;
    }
    const std::size_t line = text.find("\n" + name + "  ");
    const std::size_t at = line == std::string::npos ? text.size() : line + 1 + kHardColumn;
    const char* const number = text.c_str() + std::min(at, text.size());
    char* end = nullptr;
    const unsigned long long hard = std::strtoull(number, &end, 10);
    const bool known = !name.empty() && end != number;
    if (!known || hard > rule.value) {
      return Error{EPERM, "its limit '" + name + "' is above " + std::to_string(rule.value)};
    }
  }
  return ok();
}

Status attest(int proc, pid_t pid, const RolePrivileges& promised, uid_t id,
              unsigned inherited_filters) {
  if (omitted("attestation")) return ok();
  const auto status = read_proc(proc, pid, "status");
  if (!status) return status.error();
  const auto limits = read_proc(proc, pid, "limits");
  if (!limits) return limits.error();
  if (auto attested = attest_limits(*limits, promised); !attested && !omitted("limits")) {
    return attested;
  }
  return attest_text(*status, promised, id, inherited_filters);
}

}  // namespace gatehouse::privileged
