// SPDX-License-Identifier: Apache-2.0
// connects N: what a connection costs a gateway that makes it by itself, without asking another
// process: N connections one after the other from 10.99.1.11 to 10.99.2.2:80 with the options that
// the parent sets (privileged/connector.cc), confirmed by a second connect(2), then reset.
// Prints microseconds of its processor time for each.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "bench/net.h"

using namespace gatehouse;
using namespace gatehouse::bench;

namespace {

double cpu_us() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

void connect_once(const sockaddr_in& from, const sockaddr_in& to) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int one = 1;
  const linger reset_on_close{1, 0};
  const auto set = [&](int level, int name, const void* value, socklen_t size) {
    if (setsockopt(fd.get(), level, name, value, size) != 0)
      die(std::string("an option: ") + std::strerror(errno));
  };
  set(SOL_TCP, TCP_NODELAY, &one, sizeof one);
  set(SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
  set(SOL_IP, IP_TRANSPARENT, &one, sizeof one);
  set(SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  const auto* source = reinterpret_cast<const sockaddr*>(&from);
  const auto* target = reinterpret_cast<const sockaddr*>(&to);
  if (bind(fd.get(), source, sizeof from) != 0) die(std::string("bind: ") + std::strerror(errno));
  while (connect(fd.get(), target, sizeof to) != 0) {
    if (errno != EINPROGRESS && errno != EALREADY)
      die(std::string("connect: ") + std::strerror(errno));
    pollfd waiting{fd.get(), POLLOUT, 0};
    poll(&waiting, 1, 1000);
  }
  // The second, which makes it connected for good.
  if (connect(fd.get(), target, sizeof to) != 0 && errno != EISCONN)
    die(std::string("the second connect: ") + std::strerror(errno));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) die("usage: connects N");
  const std::uint64_t count = number(argv[1], "the number of connections");
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr = address("10.99.1.11");
  const sockaddr_in to = endpoint("10.99.2.2:80");
  const double begin = cpu_us();
  for (std::uint64_t i = 0; i < count; ++i) connect_once(from, to);
  std::printf("%.2f\n", (cpu_us() - begin) / static_cast<double>(count));
}
