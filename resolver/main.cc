// SPDX-License-Identifier: Apache-2.0
// gatehouse-resolver: the only process that speaks DNS. No network of its own: it gets connected
// sockets from the parent, and tells the parent alone what it has learnt.
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "ipc/codec.h"
#include "ipc/sealed_memfd.h"
#include "proto/config.pb.h"
#include "resolver/dns_server.h"
#include "resolver/parent_channel.h"
#include "resolver/resolver.h"

namespace gatehouse::resolver {
namespace {

constexpr int kUnprepared = 1;
constexpr std::uint64_t kChannelTag = ~0ULL;
constexpr unsigned kTagShift = 32;     // server index above, descriptor below
constexpr int kMessagesPerTurn = 256;  // then the sockets have their turn

using Servers = std::vector<std::unique_ptr<DnsServer>>;

std::uint64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

Result<wire::Config> read_config() {
  const auto size = ipc::sealed_size(kResolverConfigFd);
  if (!size) return size.error();
  const auto text = ipc::read_sealed(kResolverConfigFd, *size);
  wire::Config config;
  if (!text || !config.ParseFromString(*text)) return Error{EINVAL, "no configuration"};
  return config;
}

// None where one of them can't be made: the parent counts by index.
Servers make_servers(const wire::ConfigResolver& config, int epoll, ParentChannel& parent) {
  Servers servers;
  for (int i = 0; i < config.servers_size(); ++i) {
    const auto index = static_cast<std::uint32_t>(servers.size());
    servers.push_back(std::make_unique<DnsServer>(
        config.timeout_ms(), epoll, static_cast<std::uint64_t>(index) << kTagShift,
        [index, &parent](bool tcp) {
          wire::FromResolver message;
          message.mutable_need_socket()->set_server(index);
          message.mutable_need_socket()->set_tcp(tcp);
          parent.say(message);
        }));
    if (!servers.back()->usable()) return {};
  }
  return servers;
}

Resolver make_resolver(const wire::ConfigResolver& config, Servers& servers,
                       ParentChannel& parent) {
  return Resolver(
      servers.size(), std::max(1U, config.tries()),
      [&servers](std::size_t server, const std::string& name, const auto& types, auto done) {
        return servers[server]->ask(name, types, std::move(done), now_ms());
      },
      [&parent](std::uint64_t id, const std::vector<IpAddress>& addresses, std::uint32_t ttl) {
        wire::FromResolver message;
        message.mutable_answer()->set_id(id);
        message.mutable_answer()->set_ttl(ttl);
        for (const IpAddress& address : addresses) {
          message.mutable_answer()->add_addresses(std::string(address.bytes()));
        }
        parent.say(message);
      });
}

// False: the parent is gone, or is not the parent.
bool read_channel(const ParentChannel& parent, Resolver& resolver, Servers& servers) {
  ipc::Message message;
  for (int i = 0; i < kMessagesPerTurn && !parent.backed_up(); ++i) {
    const auto received = ipc::receive(kChannelFd, &message, 1);
    if (received == ipc::Receive::kEmpty) return true;
    wire::ToResolver request;
    if (received != ipc::Receive::kMessage || !ipc::decode(message.bytes(), &request)) return false;
    if (request.has_query()) {
      resolver.query(request.query().id(), request.query().name(), now_ms());
      continue;
    }
    const auto& socket = request.socket();
    if (socket.server() >= servers.size()) return false;
    DnsServer& server = *servers[socket.server()];
    if (message.fd_count == 1) {
      server.add_socket(std::move(message.fds[0]), socket.tcp());
    } else {
      server.socket_failed(socket.tcp());
    }
  }
  return true;
}

int wait_time(const Servers& servers) {
  int wait = -1;
  const std::uint64_t now = now_ms();
  for (const auto& server : servers) {
    const int next = server->next_timeout_ms(now);
    if (next >= 0) wait = wait < 0 ? next : std::min(wait, next);
  }
  return wait;
}

void run(int epoll, ParentChannel& parent, Resolver& resolver, Servers& servers) {
  while (!parent.gone()) {
    epoll_event events[32];
    const int count = epoll_wait(epoll, events, 32, wait_time(servers));
    resolver.set_now(now_ms());
    for (int i = 0; i < count; ++i) {
      const std::uint64_t tag = events[i].data.u64;
      if (tag == kChannelTag) {
        if (!parent.flush() || !read_channel(parent, resolver, servers)) return;
      } else {
        servers[tag >> kTagShift]->on_socket(static_cast<int>(tag & 0xffff'ffffU), events[i].events,
                                             now_ms());
      }
    }
    for (const auto& server : servers) server->finish_turn(now_ms());
  }
}

int run() {
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return kUnprepared;
  const auto config = read_config();
  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!config || !epoll.valid()) return kUnprepared;
  ParentChannel parent(kChannelFd, epoll.get(), kChannelTag);
  if (!parent.usable() || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) return kUnprepared;
  Servers servers = make_servers(config->resolver(), epoll.get(), parent);
  if (servers.empty()) return kUnprepared;
  Resolver resolver = make_resolver(config->resolver(), servers, parent);
  if (!install_filter(privileges(Role::kResolver).own)) return kUnprepared;
  run(epoll.get(), parent, resolver, servers);
  return 0;
}

}  // namespace
}  // namespace gatehouse::resolver

int main() { _exit(gatehouse::resolver::run()); }
