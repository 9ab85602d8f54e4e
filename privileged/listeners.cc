// SPDX-License-Identifier: Apache-2.0
#include "privileged/listeners.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>

namespace gatehouse::privileged {
namespace {

constexpr int kBacklog = 4096;  // the kernel clamps it to net.core.somaxconn

Result<UniqueFd> open_listener(const Endpoint& endpoint, unsigned user_timeout_ms) {
  const bool v4 = endpoint.address.family == AF_INET;
  UniqueFd fd(socket(endpoint.address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto set = [&](int level, int name, int value) {
    return setsockopt(fd.get(), level, name, &value, sizeof value) == 0;
  };
  const linger reset_on_close{1, 0};
  const SocketAddress address = to_socket_address(endpoint);
  // All but the first four are for the accepted sockets, which inherit them.
  const bool done =
      fd.valid() && (v4 ? set(SOL_IP, IP_TRANSPARENT, 1) : set(SOL_IPV6, IPV6_TRANSPARENT, 1)) &&
      (v4 || set(SOL_IPV6, IPV6_V6ONLY, 1)) && set(SOL_SOCKET, SO_REUSEADDR, 1) &&
      set(SOL_SOCKET, SO_REUSEPORT, 1) && set(SOL_SOCKET, SO_KEEPALIVE, 1) &&
      set(SOL_TCP, TCP_NODELAY, 1) &&
      set(SOL_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout_ms)) &&
      setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close) == 0 &&
      bind(fd.get(), address.get(), address.length) == 0 && listen(fd.get(), kBacklog) == 0;
  if (done) return fd;
  Error error = errno_error("listening on " + to_string(endpoint));
  if (error.number == EACCES) {
    error.what += ": a port below 1024 can be opened at the start only; restart gatehoused";
  }
  return error;
}

}  // namespace

Status open_listeners(const Settings& settings, std::vector<Listener>* listeners) {
  for (const Listener& listener : *listeners) {
    const auto same = [&](const ListenerSettings& s) { return s.endpoint == listener.endpoint; };
    if (std::none_of(settings.listeners.begin(), settings.listeners.end(), same)) {
      return Error{EINVAL, "the listener " + to_string(listener.endpoint) +
                               " can't be removed while running; restart gatehoused"};
    }
  }
  std::vector<Listener> added;
  for (unsigned service = 0; service < settings.listeners.size(); ++service) {
    const Endpoint& endpoint = settings.listeners[service].endpoint;
    bool known = false;
    for (Listener& listener : *listeners) {
      if (!(listener.endpoint == endpoint)) continue;
      listener.service = service;
      known = true;
    }
    for (unsigned i = 0; !known && i < settings.sockets_per_listener; ++i) {
      auto socket = open_listener(endpoint, static_cast<unsigned>(settings.stall_timeout.count()));
      if (!socket) return socket.error();
      added.push_back({service, endpoint, std::move(*socket), 0});
    }
  }
  for (Listener& listener : added) listeners->push_back(std::move(listener));
  return ok();
}

}  // namespace gatehouse::privileged
