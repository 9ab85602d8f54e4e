// SPDX-License-Identifier: Apache-2.0
// What a listener of the configuration means for the requests that come through it.
#pragma once

#include <vector>

#include "base/address.h"
#include "proto/config.pb.h"
#include "worker/http/request_rules.h"
#include "worker/upstream_group.h"

namespace gatehouse::worker {

struct Service {
  const wire::ConfigListener* listener = nullptr;  // the workspace's
  http::RequestSettings request;                   // its views are the workspace's
  wire::ConfigMode mode = wire::TRANSPARENT;
  wire::ConfigHostCheck host_check = wire::HOST_CHECK_OFF;  // of a transparent listener
  UpstreamGroup* group = nullptr;                           // of a reverse listener
  bool tunnel_not_http = false;                             // of a transparent listener
  std::vector<Network> proxy_from;  // whose connections begin with a PROXY protocol header

  bool expects_proxy_header(const IpAddress& peer) const {
    for (const Network& network : proxy_from) {
      if (network.contains(peer)) return true;
    }
    return false;
  }
};

// Is port in one of the ranges?
template <class Ranges>
bool holds_port(const Ranges& ranges, std::uint16_t port) {
  for (const wire::ConfigPortRange& range : ranges) {
    if (port >= range.first() && port <= range.last()) return true;
  }
  return false;
}

}  // namespace gatehouse::worker
