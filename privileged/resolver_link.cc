// SPDX-License-Identifier: Apache-2.0
#include "privileged/resolver_link.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "ipc/codec.h"
#include "proto/resolver.pb.h"

namespace gatehouse::privileged {
namespace {
constexpr auto kQueryTime = std::chrono::seconds(30);
constexpr std::size_t kMaxQueries = 4096;
constexpr unsigned kSocketsPerSecond = 10'000;  // more than it can use; bounds what it costs us
constexpr std::size_t kMaxAddresses = 16;
}  // namespace

void ResolverLink::configure(std::vector<Endpoint> servers, int config_memfd) {
  servers_ = std::move(servers);
  config_.reset(fcntl(config_memfd, F_DUPFD_CLOEXEC, 3));
  helper_.stop();
  if (!servers_.empty()) start();
  // What the old one was asked, the new one is: a reload makes no name fail.
  for (auto& [id, query] : std::exchange(queries_, {})) ask(id, std::move(query));
}

void ResolverLink::start() {
  const int config = config_.get();
  if (!helper_.start({&config, 1})) helper_.start_again();
}

// It can't be relied on; what it was asked may be the cause, so it is not asked again.
void ResolverLink::give_up() {
  helper_.stop();
  helper_.start_again();
  for (auto& [id, query] : std::exchange(queries_, {})) query.answer({}, {});
}

void ResolverLink::query(std::string_view name, Answer answer) {
  if (queries_.size() >= kMaxQueries) return answer({}, {});
  ask(++last_query_, {std::string(name), std::move(answer), Clock::now() + kQueryTime});
}

void ResolverLink::ask(std::uint64_t id, Query query) {
  wire::ToResolver message;
  message.mutable_query()->set_id(id);
  message.mutable_query()->set_name(query.name);
  if (!helper_.running() || ipc::send_message(helper_.channel(), message) != ipc::Send::kSent) {
    return query.answer({}, {});
  }
  next_timeout_ = std::min(next_timeout_, query.deadline);
  queries_[id] = std::move(query);
}

void ResolverLink::on_channel() {
  ipc::Message message;
  for (int i = 0; i < 32 && helper_.running(); ++i) {
    const auto received = ipc::receive(helper_.channel(), &message, 0);
    if (received == ipc::Receive::kEmpty) return;
    wire::FromResolver from;
    if (received != ipc::Receive::kMessage || !ipc::decode(message.bytes(), &from)) {
      const bool ended = received == ipc::Receive::kClosed;
      if (!ended) log_.write(Level::kSecurity, "the resolver is ended: a malformed message");
      return give_up();
    }
    if (from.has_need_socket()) {
      send_socket(from.need_socket().server(), from.need_socket().tcp());
      continue;
    }
    std::vector<IpAddress> addresses;
    for (const std::string& bytes : from.answer().addresses()) {
      const auto address = address_from_bytes(bytes);
      if (address && addresses.size() < kMaxAddresses) addresses.push_back(*address);
    }
    const std::chrono::seconds ttl(std::min(from.answer().ttl(), 86'400U));
    finish(from.answer().id(), std::move(addresses), ttl);
  }
}

void ResolverLink::finish(std::uint64_t id, std::vector<IpAddress> addresses,
                          std::chrono::seconds ttl) {
  const auto found = queries_.find(id);
  if (found == queries_.end()) return;
  const Answer answer = std::move(found->second.answer);
  queries_.erase(found);
  answer(std::move(addresses), ttl);
}

void ResolverLink::send_socket(std::uint32_t server, bool tcp) {
  if (server >= servers_.size()) return;
  const Endpoint& endpoint = servers_[server];
  const int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const UniqueFd fd(socket(endpoint.address.family, type, 0));
  const SocketAddress target = to_socket_address(endpoint);
  const TimePoint now = Clock::now();
  if (now - second_ > std::chrono::seconds(1)) {
    second_ = now;
    sockets_ = 0;
  }
  const bool made = fd.valid() && ++sockets_ <= kSocketsPerSecond &&
                    (connect(fd.get(), target.get(), target.length) == 0 || errno == EINPROGRESS);
  wire::ToResolver message;
  message.mutable_socket()->set_server(server);
  message.mutable_socket()->set_tcp(tcp);
  const int number = fd.get();
  // One that is lost is asked for again.
  ipc::send_message(helper_.channel(), message, {&number, made ? 1U : 0U});
}

void ResolverLink::child_exited(const wire::Exited& exited) {
  if (!helper_.is(exited.child())) return;
  helper_.forget();
  helper_.start_again();
  log_.write(Level::kError, "the resolver ended (" + ending(exited) + "); starting it again");
}

void ResolverLink::expire(TimePoint now) {
  if (now >= helper_.due_at()) start();
  if (now < next_timeout_) return;
  next_timeout_ = TimePoint::max();
  std::vector<std::uint64_t> late;
  for (const auto& [id, query] : queries_) {
    if (query.deadline <= now) {
      late.push_back(id);
    } else {
      next_timeout_ = std::min(next_timeout_, query.deadline);
    }
  }
  for (const std::uint64_t id : late) finish(id, {}, {});
}

}  // namespace gatehouse::privileged
