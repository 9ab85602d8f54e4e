// SPDX-License-Identifier: Apache-2.0
// What stands around the parent in its fuzz target (tests/fuzz/parent.cc): a network and a /proc of
// their own, sockets of clients and servers, and a configuration. Included by that file only.
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/privileges.h"
#include "ipc/sealed_memfd.h"
#include "privileged/config_source.h"
#include "proto/config.pb.h"
#include "tests/open_fds.h"

namespace gatehouse::privileged {
namespace {

constexpr std::uint16_t kAllowedPort = 20080;

[[noreturn]] void broken(const char* what) {
  std::fprintf(stderr, "ORACLE: %s\n", what);
  std::abort();
}
template <class T>
T must(Result<T> result) {
  if (!result) broken(result.error().what.c_str());
  return std::move(*result);
}

IpAddress loopback(std::uint8_t last) { return IpAddress{AF_INET, {127, 0, 0, last}}; }

// A network of its own, and a /proc that says of this process what the parent wants to read.
class Surroundings {
 public:
  Surroundings() {
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) {
      std::fprintf(stderr, "*** SKIPPED: this fuzz target needs root (unshare) ***\n");
      std::exit(0);
    }
    signal(SIGPIPE, SIG_IGN);
    const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    if (ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) broken("the loopback interface");
    char directory[] = "/tmp/gatehouse-fuzz-XXXXXX";
    if (mkdtemp(directory) == nullptr ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("gatehouse", directory, "tmpfs", 0, nullptr) != 0)
      broken("a directory");
    const std::string path = std::string(directory) + "/" + std::to_string(getpid());
    if (mkdir(path.c_str(), 0700) != 0) broken("mkdir");
    std::FILE* file = std::fopen((path + "/status").c_str(), "w");
    const auto& role = privileges(Role::kWorker);
    std::fprintf(file,
                 "Name:\tx\nUid:\t1\t1\t1\t1\nGid:\t1\t1\t1\t1\nGroups:\t \nThreads:\t1\n"
                 "CapInh:\t%016x\nCapPrm:\t%016x\nCapEff:\t%016x\nCapBnd:\t%016x\nCapAmb:\t%016x\n"
                 "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t%u\n",
                 0, 0, 0, 0, 0, role.seccomp_filters);
    std::fclose(file);
    proc_.reset(open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
    // Stays as long as its descriptor, and leaves nothing behind.
    if (umount2(directory, MNT_DETACH) != 0 || rmdir(directory) != 0) broken("a directory");
    (void)open_fds();
  }
  int proc() const { return proc_.get(); }

 private:
  UniqueFd proc_;
};

UniqueFd transparent_listener(const Endpoint& endpoint) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_IP, IP_TRANSPARENT, &on, sizeof on);
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const SocketAddress address = to_socket_address(endpoint);
  if (bind(fd.get(), address.get(), address.length) != 0 || listen(fd.get(), 64) != 0)
    broken("a listener of the test");
  return fd;
}

UniqueFd connect_to(const Endpoint& endpoint) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const linger reset{1, 0};  // leaves no TIME_WAIT behind
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  const SocketAddress address = to_socket_address(endpoint);
  if (connect(fd.get(), address.get(), address.length) != 0) fd.reset();
  return fd;
}
UniqueFd accept_from(int listener) {
  return UniqueFd(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

LoadedConfig load() {
  wire::Config config;
  config.set_version(1);
  config.set_workers(1);
  config.set_sockets_per_listener(1);
  config.mutable_timeouts()->set_connect_ms(1000);
  config.mutable_timeouts()->set_stall_ms(1000);
  config.mutable_timeouts()->set_drain_ms(1000);
  config.mutable_quota()->set_burst(64);
  config.mutable_quota()->set_per_second(100);
  auto* listener = config.add_listeners();
  listener->set_address(std::string(loopback(1).bytes()));
  listener->set_port(kAllowedPort);
  listener->add_intercept_ports(kAllowedPort);
  auto* client = config.add_clients();
  client->set_address(std::string(loopback(0).bytes()));
  client->set_prefix(8);
  const std::string text = config.SerializeAsString();
  LoadedConfig loaded{must(settings_from(text)), must(ipc::make_memfd("gatehouse-config", 0)),
                      must(ipc::make_memfd("gatehouse-lists", 0))};
  if (write(loaded.memfd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    broken("writing the configuration");
  must(ipc::seal(loaded.memfd.get(), true));
  must(ipc::seal(loaded.lists.get(), true));
  return loaded;
}

}  // namespace
}  // namespace gatehouse::privileged
