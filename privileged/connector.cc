// SPDX-License-Identifier: Apache-2.0
#include "privileged/connector.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace gatehouse::privileged {
namespace {

bool set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// Makes, taints, binds and begins to connect; the socket is not connected yet.
Result<UniqueFd> begin(const std::optional<IpAddress>& source, sa_family_t family,
                       const SocketAddress& target) {
  UniqueFd fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_error("making an upstream socket");
  const int s = fd.get();
  const linger reset_on_close{1, 0};
  bool done = set(s, SOL_SOCKET, SO_LOCK_FILTER, 1) && set(s, SOL_TCP, TCP_NODELAY, 1) &&
              setsockopt(s, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close) == 0;
  if (done && source) {
    const SocketAddress from = to_socket_address({*source, 0});
    done = (family == AF_INET ? set(s, SOL_IP, IP_TRANSPARENT, 1)
                              : set(s, SOL_IPV6, IPV6_TRANSPARENT, 1)) &&
           set(s, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1) && bind(s, from.get(), from.length) == 0;
  }
  if (!done) return errno_error("preparing an upstream socket");
  if (::connect(s, target.get(), target.length) != 0 && errno != EINPROGRESS) {
    return errno_error("connecting upstream");
  }
  return fd;
}

}  // namespace

void Connector::connect(WorkerHandle& worker, std::uint64_t id,
                        const std::optional<IpAddress>& source, const Endpoint& target,
                        TimePoint deadline) {
  const SocketAddress address = to_socket_address(target);
  // A source of the other family can't reach the target; then it is this host's address.
  const bool same_family = source && source->family == target.address.family;
  auto socket = begin(same_family ? source : std::nullopt, target.address.family, address);
  if (!socket) return answer_(worker, id, UniqueFd(), socket.error().number);
  next_deadline_ = std::min(next_deadline_, deadline);
  const int fd = socket->get();
  pending_[fd] = {&worker, id, std::move(*socket), address, deadline};
  begun_.push_back(fd);
}

void Connector::finish_turn() {
  // An answer can end a worker, which forgets its pendings, but never begins one.
  for (const int fd : std::exchange(begun_, {})) {
    const auto found = pending_.find(fd);
    // Its worker is gone; or the number is in the list twice, taken again after that.
    if (found == pending_.end() || found->second.watched) continue;
    if (const int error = confirm(found->second); error != EINPROGRESS) {
      settle(fd, error);
      continue;
    }
    const Status watched = loop_.add(fd, EPOLLOUT, [this, fd](std::uint32_t) {
      const int error = confirm(pending_.at(fd));
      if (error != EINPROGRESS) settle(fd, error);
    });
    if (!watched) {
      settle(fd, watched.error().number);
      continue;
    }
    found->second.watched = true;
  }
}

// The second connect(2): only when it says 0 does the kernel hold the socket as connected for good,
// so that no MSG_FASTOPEN of its holder can send it elsewhere.
int Connector::confirm(const Pending& pending) {
  const int fd = pending.socket.get();
  int error = 0;
  if (pending.watched) {
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  }
  if (error == 0 && ::connect(fd, pending.target.get(), pending.target.length) != 0) error = errno;
  return error == EALREADY ? EINPROGRESS : error;
}

void Connector::settle(int fd, int error) {
  auto node = pending_.extract(fd);
  Pending& pending = node.mapped();
  // Before the socket leaves: its holder's copy would keep it in our epoll set.
  if (pending.watched) loop_.remove(fd);
  if (error != 0) pending.socket.reset();
  answer_(*pending.worker, pending.id, std::move(pending.socket), error);
}

void Connector::forget(const WorkerHandle& worker) {
  for (auto i = pending_.begin(); i != pending_.end();) {
    if (i->second.worker != &worker) {
      ++i;
      continue;
    }
    if (i->second.watched) loop_.remove(i->first);
    i = pending_.erase(i);
  }
}

void Connector::expire(TimePoint now) {
  next_deadline_ = TimePoint::max();
  std::vector<int> late;
  for (const auto& [fd, pending] : pending_) {
    if (pending.deadline <= now) {
      late.push_back(fd);
    } else {
      next_deadline_ = std::min(next_deadline_, pending.deadline);
    }
  }
  for (const int fd : late) {
    if (pending_.count(fd) != 0) settle(fd, ETIMEDOUT);  // else its worker has just been ended
  }
}

}  // namespace gatehouse::privileged
