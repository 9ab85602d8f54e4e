// SPDX-License-Identifier: Apache-2.0
// Sockets the way the parent, a worker and a client make them, for tests.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/unique_fd.h"

namespace gatehouse::privileged {

inline bool set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

inline IpAddress loopback(int family) {
  IpAddress address{static_cast<sa_family_t>(family), {}};
  if (family == AF_INET) {
    address.octets = {127, 0, 0, 1};
  } else {
    address.octets[15] = 1;
  }
  return address;
}

inline UniqueFd make_socket(int family, int flags = 0) {
  return UniqueFd(socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

// On a free port of the loopback address.
inline UniqueFd make_listener(int family, bool transparent, bool reuse_port = false,
                              std::uint16_t port = 0) {
  UniqueFd fd = make_socket(family);
  if (transparent) {
    EXPECT_TRUE(family == AF_INET ? set(fd.get(), SOL_IP, IP_TRANSPARENT, 1)
                                  : set(fd.get(), SOL_IPV6, IPV6_TRANSPARENT, 1));
  }
  EXPECT_TRUE(!reuse_port || set(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1));
  SocketAddress address = to_socket_address({loopback(family), port});
  EXPECT_EQ(bind(fd.get(), address.get(), address.length), 0);
  EXPECT_EQ(listen(fd.get(), 256), 0);
  return fd;
}

inline UniqueFd connect_to(const UniqueFd& listener) {
  const auto endpoint = local_endpoint(listener.get());
  UniqueFd fd = make_socket(endpoint->address.family);
  SocketAddress address = to_socket_address(*endpoint);
  EXPECT_EQ(connect(fd.get(), address.get(), address.length), 0);
  return fd;
}

inline UniqueFd accept_from(const UniqueFd& listener) {
  return UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

inline bool ready(const UniqueFd& fd, short events, int within_ms) {
  pollfd one{fd.get(), events, 0};
  return poll(&one, 1, within_ms) == 1;
}

}  // namespace gatehouse::privileged
