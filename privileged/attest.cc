// SPDX-License-Identifier: Apache-2.0
#include "privileged/attest.h"

#include <fcntl.h>

#include <cinttypes>
#include <cstdio>

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

Status attest(int proc, pid_t pid, const RolePrivileges& promised, uid_t id,
              unsigned inherited_filters) {
  if (omitted("attestation")) return ok();
  const std::string path = std::to_string(pid) + "/status";
  const UniqueFd file(openat(proc, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return errno_error("opening /proc/" + path);
  std::string text(8192, '\0');
  const ssize_t size = read(file.get(), text.data(), text.size());
  if (size <= 0) return errno_error("reading /proc/" + path);
  text.resize(static_cast<std::size_t>(size));
  return attest_text(text, promised, id, inherited_filters);
}

}  // namespace gatehouse::privileged
