// SPDX-License-Identifier: Apache-2.0
// The resolver as a process, started with the descriptors that its spawner gives it. It puts on its
// own filter, as always: a system call outside its table ends it by SIGSYS.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <vector>

#include "base/address.h"
#include "base/check.h"
#include "base/privileges.h"
#include "base/sandbox.h"
#include "base/unique_fd.h"
#include "ipc/sealed_memfd.h"
#include "proto/config.pb.h"

namespace gatehouse::resolver {

inline UniqueFd make_config(const std::vector<Endpoint>& servers, unsigned timeout_ms,
                            unsigned tries) {
  wire::Config config;
  config.mutable_resolver()->set_timeout_ms(timeout_ms);
  config.mutable_resolver()->set_tries(tries);
  for (const Endpoint& server : servers) {
    auto* added = config.mutable_resolver()->add_servers();
    added->set_address(std::string(server.address.bytes()));
    added->set_port(server.port);
  }
  const std::string bytes = config.SerializeAsString();
  auto memfd = ipc::make_memfd("gatehouse-config", 0);
  CHECK(memfd);
  CHECK(write(memfd->get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  CHECK(ipc::seal(memfd->get(), true));
  return std::move(*memfd);
}

// closed: without a right to any file (Landlock) and with the limits of the role, as its spawner
// starts it.
inline pid_t start_resolver(int channel, int config, bool closed = true) {
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid != 0) return pid;
  signal(SIGPIPE, SIG_IGN);
  const int null = open("/dev/null", O_RDWR);
  const int sources[] = {null, null, null, channel, config};
  int high[5];
  for (int i = 0; i < 5; ++i) high[i] = fcntl(sources[i], F_DUPFD, 100);
  for (int i = 0; i < 5; ++i) dup2(high[i], i);
  const UniqueFd binary(open(RESOLVER_BINARY, O_PATH | O_CLOEXEC));
  close_range(5, static_cast<unsigned>(binary.get()) - 1, 0);
  close_range(static_cast<unsigned>(binary.get()) + 1, ~0U, 0);
  const LandlockAllow allow[] = {{binary.get(), kLandlockExecute | kLandlockReadFile}};
  if (!set_no_new_privileges()) _exit(125);
  if (closed &&
      (!landlock_restrict(allow, true) || !set_limits(privileges(Role::kResolver).limits))) {
    _exit(125);
  }
  char name[] = "gatehouse-resolver";
  char* argv[] = {name, nullptr};
  char* environment[] = {nullptr};
  execveat(binary.get(), "", argv, environment, AT_EMPTY_PATH);
  _exit(127);
}

}  // namespace gatehouse::resolver
