// SPDX-License-Identifier: Apache-2.0
// This host's own addresses, which the floor finds by asking the kernel.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstring>

#include "privileged/floor.h"
#include "tests/open_fds.h"
#include "tests/privileged/sockets.h"

namespace gatehouse::privileged {
namespace {

IpAddress v4(const char* text) {
  IpAddress address{AF_INET, {}};
  EXPECT_EQ(inet_pton(AF_INET, text, address.octets.data()), 1);
  return address;
}

void add_to_loopback(const char* text) {
  const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo:1");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ASSERT_EQ(inet_pton(AF_INET, text, &address.sin_addr), 1);
  std::memcpy(&request.ifr_addr, &address, sizeof address);
  ASSERT_EQ(ioctl(fd.get(), SIOCSIFADDR, &request), 0);
}

TEST(LocalAddress, IsFoundOnceItIsThere) {
  Floor floor({});
  const TimePoint now = Clock::now();
  const IpAddress address = v4("10.20.30.40");
  EXPECT_EQ(floor.judge(address, now), Floor::Verdict::kAllowed);
  add_to_loopback("10.20.30.40");
  // The verdict is remembered for one second at most.
  EXPECT_EQ(floor.judge(address, now + std::chrono::milliseconds(1001)), Floor::Verdict::kLocal);
  EXPECT_EQ(floor.judge(v4("192.0.2.1"), now), Floor::Verdict::kAllowed);
}

TEST(LocalAddress, AskingLeaksNothing) {
  Floor floor({});
  const int before = open_fds();
  for (int i = 0; i < 3000; ++i) {
    IpAddress address = v4("172.16.0.0");
    address.octets[2] = static_cast<std::uint8_t>(i >> 8);
    address.octets[3] = static_cast<std::uint8_t>(i);
    EXPECT_EQ(floor.judge(address, Clock::now()), Floor::Verdict::kAllowed);
  }
  EXPECT_EQ(open_fds(), before);
}

// Without a descriptor nothing can be asked: then the answer is no.
TEST(LocalAddress, WithoutADescriptorTheAnswerIsNo) {
  Floor floor({});
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  const rlimit none{0, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto verdict = floor.judge(v4("192.0.2.77"), Clock::now());
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(verdict, Floor::Verdict::kLocal);
  EXPECT_EQ(floor.judge(v4("192.0.2.77"), Clock::now()), Floor::Verdict::kAllowed)
      << "and it is not remembered";
}

}  // namespace
}  // namespace gatehouse::privileged
