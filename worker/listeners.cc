// SPDX-License-Identifier: Apache-2.0
#include "worker/listeners.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gatehouse::worker {

void Listeners::watch(Listener* listener) {
  listener->slot =
      poller_->add(listener->fd.get(), Poller::Interest::kListener, this, listener->index);
}

void Listeners::arm(std::uint32_t index, std::uint32_t service, UniqueFd fd) {
  disarm(index);
  listeners_.push_back(Listener{index, service, std::move(fd), {}});
  if (!paused_) watch(&listeners_.back());
}

void Listeners::disarm(std::uint32_t index) {
  const auto found = std::find_if(listeners_.begin(), listeners_.end(),
                                  [&](const Listener& l) { return l.index == index; });
  if (found == listeners_.end()) return;
  poller_->remove(found->fd.get(), &found->slot);
  listeners_.erase(found);
}

void Listeners::close_all() {
  for (Listener& listener : listeners_) poller_->remove(listener.fd.get(), &listener.slot);
  listeners_.clear();
}

void Listeners::pause() {
  if (std::exchange(paused_, true)) return;
  for (Listener& listener : listeners_) poller_->remove(listener.fd.get(), &listener.slot);
}

void Listeners::resume() {
  if (!std::exchange(paused_, false)) return;
  for (Listener& listener : listeners_) watch(&listener);
}

void Listeners::on_events(unsigned tag, Events) {
  const auto found = std::find_if(listeners_.begin(), listeners_.end(),
                                  [&](const Listener& l) { return l.index == tag; });
  if (found == listeners_.end()) return;
  const int fd = found->fd.get();
  const std::uint32_t service = found->service;
  for (int i = 0; i < kAcceptsPerWake; ++i) {
    if (!acceptor_->may_accept()) return pause();
    SocketAddress from;
    UniqueFd client(::accept4(fd, from.get(), &from.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.valid()) {
      acceptor_->on_accepted(std::move(client), from, service);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      pause();
      acceptor_->on_exhausted();
      return;
    }
    // The errors of a connection that is gone already count as that connection, the rest as none.
    if (errno != ECONNABORTED && errno != EINTR && errno != EPROTO) return;
  }
}

}  // namespace gatehouse::worker
