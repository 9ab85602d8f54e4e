// SPDX-License-Identifier: Apache-2.0
#include "privileged/evidence.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#ifndef SO_NETNS_COOKIE  // Linux 5.14
#define SO_NETNS_COOKIE 71
#endif

namespace gatehouse::privileged {
namespace {

// The value of an int option; -1 where the descriptor has none.
int option(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

std::uint64_t wide_option(int fd, int name) {
  std::uint64_t value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : 0;
}

// The properties that every client connection has for its whole life; the name of the first that
// is missing, or nothing.
std::string_view missing_property(int fd, std::uint64_t own_netns) {
  const int family = option(fd, SOL_SOCKET, SO_DOMAIN);
  if (family != AF_INET && family != AF_INET6) return "not an internet socket";
  if (option(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM) return "not a stream";
  if (option(fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP) return "not TCP";
  if (option(fd, SOL_SOCKET, SO_ACCEPTCONN) != 0) return "a listener";
  if (wide_option(fd, SO_NETNS_COOKIE) != own_netns) return "of another network namespace";
  const bool transparent = family == AF_INET ? option(fd, SOL_IP, IP_TRANSPARENT) == 1
                                             : option(fd, SOL_IPV6, IPV6_TRANSPARENT) == 1;
  if (!transparent) return "not accepted on a listener of ours";
  if (option(fd, SOL_SOCKET, SO_LOCK_FILTER) != 0) return "a socket that the parent made";
  return {};
}

}  // namespace

std::uint64_t netns_cookie(int socket) { return wide_option(socket, SO_NETNS_COOKIE); }

EvidenceVerdict examine(int fd, std::uint64_t own_netns, Evidence* evidence,
                        std::string_view* why) {
  // First, so that no close(2) of ours can ever wait for a peer. An accepted socket has it from its
  // listener: the client of a worker that dies sees a reset, never the end of a response.
  const linger reset_on_close{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);

  *why = missing_property(fd, own_netns);
  if (!why->empty()) return EvidenceVerdict::kForged;

  tcp_info info{};
  socklen_t length = sizeof info.tcpi_state;
  if (getsockopt(fd, SOL_TCP, TCP_INFO, &info, &length) != 0) return EvidenceVerdict::kGone;
  if (info.tcpi_state != TCP_ESTABLISHED && info.tcpi_state != TCP_CLOSE_WAIT) {
    return EvidenceVerdict::kGone;
  }
  const auto destination = local_endpoint(fd);
  const auto client = remote_endpoint(fd);
  if (!destination || !client) return EvidenceVerdict::kGone;
  evidence->destination = *destination;
  evidence->client = *client;
  evidence->cookie = wide_option(fd, SO_COOKIE);
  return EvidenceVerdict::kValid;
}

}  // namespace gatehouse::privileged
