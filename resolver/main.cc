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
#include "proto/resolver.pb.h"
#include "resolver/resolver.h"

namespace gatehouse::resolver {
namespace {

constexpr int kUnprepared = 1;
constexpr std::uint64_t kChannelTag = ~0ULL;
constexpr unsigned kTagShift = 32;  // server index above, descriptor below
constexpr std::size_t kMaxAddresses = 16;

std::uint64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

void say(const wire::FromResolver& message) {
  // The parent reads in every turn; when it can't, what we say would be too late anyway.
  if (ipc::send_message(kChannelFd, message) == ipc::Send::kClosed) _exit(0);
}

void answer(std::uint64_t id, const std::vector<IpAddress>& addresses, std::uint32_t ttl) {
  wire::FromResolver message;
  message.mutable_answer()->set_id(id);
  message.mutable_answer()->set_ttl(ttl);
  for (const IpAddress& address : addresses) {
    if (message.answer().addresses_size() == static_cast<int>(kMaxAddresses)) break;
    message.mutable_answer()->add_addresses(std::string(address.bytes()));
  }
  say(message);
}

Result<wire::Config> read_config() {
  const auto size = ipc::sealed_size(kResolverConfigFd);
  if (!size) return size.error();
  const auto text = ipc::read_sealed(kResolverConfigFd, *size);
  wire::Config config;
  if (!text || !config.ParseFromString(*text)) return Error{EINVAL, "no configuration"};
  return config;
}

std::vector<std::unique_ptr<DnsServer>> make_servers(const wire::ConfigResolver& config,
                                                     int epoll) {
  std::vector<std::unique_ptr<DnsServer>> servers;
  for (const auto& server : config.servers()) {
    const auto address = address_from_bytes(server.address());
    if (!address) continue;
    const auto index = static_cast<std::uint32_t>(servers.size());
    servers.push_back(std::make_unique<DnsServer>(
        Endpoint{*address, static_cast<std::uint16_t>(server.port())}, config.timeout_ms(), epoll,
        static_cast<std::uint64_t>(index) << kTagShift, [index](bool tcp) {
          wire::FromResolver message;
          message.mutable_need_socket()->set_server(index);
          message.mutable_need_socket()->set_tcp(tcp);
          say(message);
        }));
  }
  return servers;
}

// False: the parent is gone, or is not the parent.
bool read_channel(Resolver& resolver) {
  ipc::Message message;
  for (;;) {
    const auto received = ipc::receive(kChannelFd, &message, 1);
    if (received == ipc::Receive::kEmpty) return true;
    wire::ToResolver request;
    if (received != ipc::Receive::kMessage || !ipc::decode(message.bytes(), &request)) return false;
    if (request.has_query()) {
      resolver.query(request.query().id(), request.query().name(), now_ms());
    } else if (DnsServer* server = resolver.server(request.socket().server())) {
      if (message.fd_count == 1)
        server->add_socket(std::move(message.fds[0]), request.socket().tcp());
    }
  }
}

void run(int epoll, Resolver& resolver) {
  for (;;) {
    int timeout = -1;
    for (std::size_t i = 0; i < resolver.servers(); ++i) {
      const int next = resolver.server(i)->next_timeout_ms();
      if (next >= 0) timeout = timeout < 0 ? next : std::min(timeout, next);
    }
    epoll_event events[32];
    const int count = epoll_wait(epoll, events, 32, timeout);
    resolver.set_now(now_ms());
    for (int i = 0; i < count; ++i) {
      if (events[i].data.u64 == kChannelTag) {
        if (!read_channel(resolver)) return;
        continue;
      }
      DnsServer* server = resolver.server(events[i].data.u64 >> kTagShift);
      if (server != nullptr) {
        server->on_socket(static_cast<int>(events[i].data.u64 & 0xffffffffU), events[i].events);
      }
    }
    for (std::size_t i = 0; i < resolver.servers(); ++i) resolver.server(i)->expire();
  }
}

int run() {
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return kUnprepared;
  const auto config = read_config();
  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kChannelTag;
  if (!config || !epoll.valid() || epoll_ctl(epoll.get(), EPOLL_CTL_ADD, kChannelFd, &event) != 0 ||
      ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
    return kUnprepared;
  }
  auto servers = make_servers(config->resolver(), epoll.get());
  for (const auto& server : servers) {
    if (!server->usable()) return kUnprepared;
  }
  if (servers.empty()) return kUnprepared;
  Resolver resolver(std::move(servers), std::max(1U, config->resolver().tries()), answer);
  if (!install_filter(privileges(Role::kResolver).own)) return kUnprepared;
  run(epoll.get(), resolver);
  return 0;
}

}  // namespace
}  // namespace gatehouse::resolver

int main() { _exit(gatehouse::resolver::run()); }
