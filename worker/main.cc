// SPDX-License-Identifier: Apache-2.0
// gatehouse-worker: speaks HTTP to clients and upstreams and holds no privilege.
//
// Started by the spawner with another uid, in empty namespaces, under an outer filter and limits.
// main() is the order in which it loses the rest. Nothing untrusted is read before confine().
#include <unistd.h>

#include <utility>

#include "base/privileges.h"
#include "worker/compiled.h"
#include "worker/confine.h"
#include "worker/worker.h"

namespace gatehouse::worker {
namespace {

enum Exit : int { kUnprepared = 2, kUnconfined = 3 };  // beside Worker::Exit

int run(int argument_count, char** arguments) {
  const auto canary = canary_from(argument_count, arguments);
  if (!canary || !make_undumpable()) return kUnprepared;
  const auto metrics = map_metrics(kWorkerMetricsFd);
  const auto descriptors = descriptor_limit();
  auto config = read_config(UniqueFd(kWorkerConfigFd));
  const auto lists = map_lists(UniqueFd(kWorkerListsFd));
  const auto limits = map_limits(UniqueFd(kWorkerLimitsFd));
  const auto clients = map_clients(UniqueFd(kWorkerClientsFd));
  if (!metrics || !descriptors || !config || !lists || !limits || !clients) return kUnprepared;
  WorkerParts parts{std::move(*config), UniqueFd(kChannelFd), UniqueFd(kWorkerLogFd), *metrics,
                    *descriptors};
  parts.lists = *lists;
  parts.limits = *limits;
  parts.clients = *clients;
  auto worker = Worker::make(std::move(parts));
  if (!worker) return kUnprepared;

  if (!confine()) return kUnconfined;

  if (*canary != Canary::kNone) {
    attempt(*canary);
    return kUnconfined;
  }
  (*worker)->say_ready();
  return (*worker)->run();
}

}  // namespace
}  // namespace gatehouse::worker

// _exit: nothing is left to do for destructors, and nothing they might need is still allowed.
int main(int argument_count, char** arguments) {
  ::_exit(gatehouse::worker::run(argument_count, arguments));
}
