// SPDX-License-Identifier: Apache-2.0
#include "privileged/listeners.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "tests/open_fds.h"
#include "tests/privileged/sockets.h"

namespace gatehouse::privileged {
namespace {

int value_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(getsockopt(fd, level, name, &value, &length), 0);
  return value;
}

Settings settings_for(std::vector<Endpoint> endpoints) {
  Settings settings;
  settings.sockets_per_listener = 4;
  settings.stall_timeout = std::chrono::milliseconds(30'000);
  for (const Endpoint& endpoint : endpoints) {
    settings.listeners.emplace_back();
    settings.listeners.back().endpoint = endpoint;
  }
  return settings;
}

TEST(Listeners, AreMadeOnceForEachAddress) {
  const Endpoint v4{loopback(AF_INET), 20001}, v6{loopback(AF_INET6), 20001};
  std::vector<Listener> listeners;
  ASSERT_TRUE(open_listeners(settings_for({v4, v6}), &listeners));
  ASSERT_EQ(listeners.size(), 8u);
  for (const Listener& listener : listeners) {
    const int fd = listener.socket.get();
    const bool is_v4 = listener.endpoint == v4;
    EXPECT_EQ(listener.service, is_v4 ? 0u : 1u);
    EXPECT_EQ(listener.holder, 0u);
    EXPECT_EQ(local_endpoint(fd), listener.endpoint);
    EXPECT_EQ(value_of(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
    EXPECT_EQ(
        is_v4 ? value_of(fd, SOL_IP, IP_TRANSPARENT) : value_of(fd, SOL_IPV6, IPV6_TRANSPARENT), 1);
    EXPECT_EQ(value_of(fd, SOL_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(value_of(fd, SOL_TCP, TCP_USER_TIMEOUT), 30'000);
    EXPECT_EQ(value_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    linger reset{};
    socklen_t length = sizeof reset;
    EXPECT_EQ(getsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, &length), 0);
    EXPECT_EQ(reset.l_onoff, 1);
    EXPECT_EQ(reset.l_linger, 0);
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  }
}

TEST(Listeners, AReloadAddsAndRenumbersButRemovesNone) {
  const Endpoint first{loopback(AF_INET), 20002}, second{loopback(AF_INET), 20003};
  std::vector<Listener> listeners;
  ASSERT_TRUE(open_listeners(settings_for({first}), &listeners));
  const int kept = listeners[0].socket.get();
  ASSERT_TRUE(open_listeners(settings_for({second, first}), &listeners));
  ASSERT_EQ(listeners.size(), 8u);
  EXPECT_EQ(listeners[0].socket.get(), kept);
  for (const Listener& listener : listeners)
    EXPECT_EQ(listener.service, listener.endpoint == second ? 0u : 1u);

  const int before = open_fds();
  const Status removed = open_listeners(settings_for({first}), &listeners);
  ASSERT_FALSE(removed);
  EXPECT_NE(removed.error().what.find("127.0.0.1:20003 can't be removed"), std::string::npos);
  EXPECT_EQ(listeners.size(), 8u);
  EXPECT_EQ(open_fds(), before);
}

TEST(Listeners, AnAddressInUseIsAnErrorAndLeavesNothing) {
  const UniqueFd other = make_listener(AF_INET, false);
  const Endpoint taken = *local_endpoint(other.get()), free{loopback(AF_INET), 20004};
  std::vector<Listener> listeners;
  const int before = open_fds();
  const Status status = open_listeners(settings_for({free, taken}), &listeners);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().number, EADDRINUSE);
  EXPECT_NE(status.error().what.find(to_string(taken)), std::string::npos);
  EXPECT_TRUE(listeners.empty());
  EXPECT_EQ(open_fds(), before);
}

}  // namespace
}  // namespace gatehouse::privileged
