// SPDX-License-Identifier: Apache-2.0
// gatehouse-worker-dev LISTEN_PORT ORIGIN_PORT [--no-log]: a worker without confinement and a
// parent that connects everything to 127.0.0.1:ORIGIN_PORT, for measuring and debugging. Never
// installed. Prints the worker's pid; ends when its standard input ends.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "ipc/channel.h"
#include "tests/worker/fake_parent.h"
#include "worker/worker.h"

using namespace gatehouse;

namespace {

MetricsPage metrics_page;

int run_worker(wire::Config config, UniqueFd channel, UniqueFd log) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto worker = worker::Worker::make(worker::WorkerParts{std::move(config), std::move(channel),
                                                         std::move(log), &metrics_page, 16384});
  if (!worker) return 2;
  (*worker)->say_ready();
  return (*worker)->run();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: gatehouse-worker-dev LISTEN_PORT ORIGIN_PORT [--no-log]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  UniqueFd listener = worker::testing::make_listener(&port);
  wire::Config config = worker::testing::default_config();
  if (argc > 3) config.mutable_log()->set_target(wire::ConfigLog::OFF);
  auto pair = ipc::make_pair();
  int log[2];
  CHECK(pair && pipe2(log, O_CLOEXEC | O_NONBLOCK) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    close(log[0]);
    pair->ours.reset();
    listener.reset();
    _exit(run_worker(std::move(config), std::move(pair->theirs), UniqueFd(log[1])));
  }
  close(log[1]);
  pair->theirs.reset();
  worker::testing::FakeParent parent(std::move(pair->ours), UniqueFd(log[0]),
                                     static_cast<std::uint16_t>(std::atoi(argv[2])));
  parent.arm(0, std::move(listener));
  std::printf("%d\n", pid);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  parent.drain(1000);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
