// SPDX-License-Identifier: Apache-2.0
// Proof of possession: what the kernel says about a descriptor that a worker presents as an
// accepted client connection.
//
// Runs in: parent. Trusts: the kernel only. A worker can send any descriptor it holds: a listener,
// an upstream socket we made, its end of the channel, a pipe, a socket of its own network
// namespace. Each is told apart by socket options that it can't change.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/address.h"

namespace gatehouse::privileged {

struct Evidence {
  Endpoint client;           // getpeername(2)
  Endpoint destination;      // getsockname(2): where the client wanted to go
  std::uint64_t cookie = 0;  // SO_COOKIE: names this connection for as long as it exists
};

enum class EvidenceVerdict {
  kValid,
  kGone,    // an honest worker can cause it: the client has just closed
  kForged,  // no honest worker ever sends this: a violation
};

// On kForged *why names the check that failed. own_netns: SO_NETNS_COOKIE of a listener of ours.
EvidenceVerdict examine(int fd, std::uint64_t own_netns, Evidence* evidence, std::string_view* why);

// SO_NETNS_COOKIE (socket(7)); 0 where the kernel has none.
std::uint64_t netns_cookie(int socket);

}  // namespace gatehouse::privileged
