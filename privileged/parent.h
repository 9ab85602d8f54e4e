// SPDX-License-Identifier: Apache-2.0
// The parent after it has dropped: wires loop, configuration, logger, workers, control and signals.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "privileged/options.h"
#include "privileged/spawner.h"

namespace gatehouse::privileged {

// What the launcher, as root, has made for it.
struct Inheritance {
  SpawnerProcess worker_spawner;
  SpawnerProcess loader_spawner;
  SpawnerProcess logger_spawner;
  SpawnerProcess resolver_spawner;
  SpawnerProcess registrar_spawner;
  UniqueFd control;         // listening
  UniqueFd clients_socket;  // listening, for the registrar's callers
  UniqueFd clients_page;    // size-sealed, for the registrar
  UniqueFd clients_read;    // the same, O_RDONLY, for workers
  UniqueFd signals;         // signalfd(2): SIGTERM, SIGINT, SIGHUP, SIGUSR1
  UniqueFd proc;            // /proc
  uid_t worker_uid = 0;
  unsigned inherited_filters = 0;
  Options options;
  std::vector<std::string> missing_layers;
  // Called once the listeners are there: gives up what only they needed.
  std::function<Status()> final_drop;
};

// Until the end; the exit code of gatehoused (README.md).
int run_parent(Inheritance inheritance);

}  // namespace gatehouse::privileged
