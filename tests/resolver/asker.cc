// SPDX-License-Identifier: Apache-2.0
#include "tests/resolver/asker.h"

#include <sys/epoll.h>

#include <chrono>

#include "base/check.h"
#include "tests/resolver/dns_lab.h"

namespace gatehouse::resolver {
namespace {

std::uint64_t now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace

Asker::Asker(MakeSocket make_socket, unsigned timeout_ms)
    : make_socket_(std::move(make_socket)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      server_(timeout_ms, epoll_.get(), 0, [this](bool tcp) { needed_.push_back(tcp); }) {
  CHECK(server_.usable());
}

Asker::Asker(const Endpoint& endpoint, unsigned timeout_ms)
    : Asker([endpoint](bool tcp) { return connected_socket(endpoint, tcp); }, timeout_ms) {}

void Asker::ask(const std::string& name, std::vector<RecordType> types) {
  open_ += types.size();
  const auto done = [this, name](RecordType type, Reply reply) {
    --open_;
    replies_[{name, type}] = std::move(reply);
  };
  CHECK(server_.ask(name, std::move(types), done, now_ms()));
}

bool Asker::run(int milliseconds) {
  const std::uint64_t end = now_ms() + static_cast<std::uint64_t>(milliseconds);
  while (open_ > 0 && now_ms() < end) turn(static_cast<int>(end - now_ms()));
  return open_ == 0;
}

void Asker::turn(int milliseconds) {
  for (const bool tcp : std::exchange(needed_, {})) {
    if (lose_sockets) continue;
    UniqueFd socket = make_socket_(tcp);
    ++sockets_;
    if (socket.valid()) {
      server_.add_socket(std::move(socket), tcp);
    } else {
      server_.socket_failed(tcp);
    }
  }
  const int timeout = server_.next_timeout_ms(now_ms());
  epoll_event events[16];
  const int count = epoll_wait(epoll_.get(), events, 16,
                               timeout < 0 ? milliseconds : std::min(timeout, milliseconds));
  for (int i = 0; i < count; ++i) {
    server_.on_socket(static_cast<int>(events[i].data.u64), events[i].events, now_ms());
  }
  server_.finish_turn(now_ms());
}

std::pair<Reply, Reply> Asker::resolve(const std::string& name) {
  ask(name);
  CHECK(run());
  return {reply(name, RecordType::kA), reply(name, RecordType::kAaaa)};
}

}  // namespace gatehouse::resolver
