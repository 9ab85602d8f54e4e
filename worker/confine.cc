// SPDX-License-Identifier: Apache-2.0
#include "worker/confine.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

#include "base/privileges.h"
#include "base/sandbox.h"

namespace gatehouse::worker {

Status make_undumpable() {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno_error("making the worker undumpable");
  return ok();
}

Result<MetricsPage*> map_metrics(int memfd) {
  void* page = mmap(nullptr, kMetricsPageSize, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
  if (page == MAP_FAILED) return errno_error("mapping the metrics page");
  return static_cast<MetricsPage*>(page);
}

Result<policy::LimitTable*> map_limits(UniqueFd memfd) {
  static_assert(sizeof(policy::LimitTable) <= kLimitsSize);
  void* table = mmap(nullptr, kLimitsSize, PROT_READ | PROT_WRITE, MAP_SHARED, memfd.get(), 0);
  if (table == MAP_FAILED) return errno_error("mapping the table of limits");
  return static_cast<policy::LimitTable*>(table);
}

Result<const clients::Page*> map_clients(UniqueFd memfd) {
  void* page = mmap(nullptr, kClientsPageSize, PROT_READ, MAP_SHARED, memfd.get(), 0);
  if (page == MAP_FAILED) return errno_error("mapping the run-time table");
  return static_cast<const clients::Page*>(page);
}

Result<std::size_t> descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return errno_error("reading RLIMIT_NOFILE");
  return static_cast<std::size_t>(limit.rlim_cur);
}

Status confine() { return install_filter(privileges(Role::kWorker).own); }

Result<Canary> canary_from(int argument_count, char** arguments) {
  if (argument_count < 2) return Canary::kNone;
  const std::string_view argument = arguments[1];
  if (argument == "1") return Canary::kSocket;
  if (argument == "2") return Canary::kPrctl;
  return Error{EINVAL, "unknown canary"};
}

void attempt(Canary canary) {
  // Tells the parent that it came this far: a canary that died earlier proves nothing.
  const char reached = 1;
  if (write(kWorkerLogFd, &reached, 1) != 1) return;
  switch (canary) {
    case Canary::kNone:
      return;
    case Canary::kSocket:
      (void)::socket(AF_INET, SOCK_STREAM, 0);
      return;
    case Canary::kPrctl: {
      char name[16];
      (void)prctl(PR_GET_NAME, name, 0, 0, 0);
      return;
    }
  }
}

}  // namespace gatehouse::worker
