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
// is missing, or nothing. family: of the address that it is bound to.
std::string_view missing_property(int fd, sa_family_t family, std::uint64_t own_netns) {
  if (option(fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP) return "not TCP";
  if (wide_option(fd, SO_NETNS_COOKIE) != own_netns) return "of another network namespace";
  const bool transparent = family == AF_INET ? option(fd, SOL_IP, IP_TRANSPARENT) == 1
                                             : option(fd, SOL_IPV6, IPV6_TRANSPARENT) == 1;
  if (!transparent) return "not accepted on a listener of ours";
  if (option(fd, SOL_SOCKET, SO_LOCK_FILTER) != 0) return "a socket that the parent made";
  return {};
}

// The first octet of struct tcp_info: TCP_ESTABLISHED, ...; -1 for a socket that is not TCP's, a
// raw one of its number included.
int tcp_state(int fd) {
  std::uint8_t state = 0;
  socklen_t length = sizeof state;
  return getsockopt(fd, SOL_TCP, TCP_INFO, &state, &length) == 0 ? int{state} : -1;
}

}  // namespace

std::uint64_t netns_cookie(int socket) { return wide_option(socket, SO_NETNS_COOKIE); }

EvidenceVerdict examine(int fd, std::uint64_t own_netns, Evidence* evidence,
                        std::string_view* why) {
  // First, so that no close(2) of ours can ever wait for a peer. An accepted socket has it from its
  // listener: the client of a worker that dies sees a reset, never the end of a response.
  const linger reset_on_close{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);

  const auto destination = local_endpoint(fd);
  *why = destination ? missing_property(fd, destination->address.family, own_netns)
                     : "not an internet socket";
  const int state = why->empty() ? tcp_state(fd) : -1;
  if (why->empty() && state < 0) *why = "not TCP";
  if (state == TCP_LISTEN) *why = "a listener";
  if (!why->empty()) return EvidenceVerdict::kForged;

  if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT) return EvidenceVerdict::kGone;
  const auto client = remote_endpoint(fd);
  if (!client) return EvidenceVerdict::kGone;
  evidence->destination = *destination;
  evidence->client = *client;
  evidence->cookie = wide_option(fd, SO_COOKIE);
  return EvidenceVerdict::kValid;
}

}  // namespace gatehouse::privileged
