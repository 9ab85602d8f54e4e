// SPDX-License-Identifier: Apache-2.0
// The last loss of privilege of a worker, and the proof that it has happened.
#pragma once

#include <cstddef>

#include "base/metrics_page.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "policy/clients/page.h"
#include "policy/limits/limit_table.h"

namespace gatehouse::worker {

// Before anything is mapped: no other process may read this one's memory.
Status make_undumpable();
// The counters of this slot, shared with the readers.
Result<MetricsPage*> map_metrics(int memfd);
// The run-time table, which others write. Closes memfd.
Result<const clients::Page*> map_clients(UniqueFd memfd);
// The table of limits, which all workers share. Closes memfd, which has kLimitsSize octets.
Result<policy::LimitTable*> map_limits(UniqueFd memfd);
// RLIMIT_NOFILE.
Result<std::size_t> descriptor_limit();
// Puts the worker's own filter on: from here on only its table of system calls.
Status confine();

// What a canary does once it is confined; each attempt must end it by SIGSYS.
enum class Canary { kNone = 0, kSocket = 1, kPrctl = 2 };
// Nothing for an argument that names no canary.
Result<Canary> canary_from(int argument_count, char** arguments);
// Returns only if the filter has failed.
void attempt(Canary canary);

}  // namespace gatehouse::worker
