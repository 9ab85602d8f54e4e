// SPDX-License-Identifier: Apache-2.0
// Runs the tests in a network namespace of their own, which dies with them.
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/unique_fd.h"

namespace {

bool own_network() {
  if (unshare(CLONE_NEWNET) != 0) return false;
  const gatehouse::UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  return ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (geteuid() != 0 || !own_network()) {
    std::printf("*** SKIPPED: these tests need root and a network namespace (unshare): %s ***\n",
                std::strerror(errno));
    return 77;
  }
  return RUN_ALL_TESTS();
}
