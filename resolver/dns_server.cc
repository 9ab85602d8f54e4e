// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_server.h"

#include <sys/epoll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>

namespace gatehouse::resolver {
namespace {

constexpr std::size_t kChannels = 16;
constexpr std::size_t kReadyUdp = 8;
constexpr std::size_t kReadyTcp = 1;
constexpr std::size_t kMaxWaiting = 4096;

IpAddress address_of(const ares_addrinfo_node& node) {
  SocketAddress address;
  std::memcpy(&address.storage, node.ai_addr,
              std::min<std::size_t>(node.ai_addrlen, sizeof address.storage));
  const auto endpoint = from_socket_address(address);
  return endpoint ? endpoint->address : IpAddress{};
}

}  // namespace

struct DnsServer::Question {
  Channel* channel;
  Done done;
};

DnsServer::DnsServer(const Endpoint& endpoint, unsigned timeout_ms, int epoll,
                     std::uint64_t events_tag, NeedSocket need_socket)
    : endpoint_(endpoint), epoll_(epoll), tag_(events_tag), need_socket_(std::move(need_socket)) {
  for (std::size_t i = 0; i < kChannels; ++i) {
    auto channel = std::make_unique<Channel>();
    channel->server = this;
    if (open_channel(timeout_ms, channel.get())) channels_.push_back(std::move(channel));
  }
  for (std::size_t i = 0; i < kReadyUdp; ++i) need_socket_(false);
  for (std::size_t i = 0; i < kReadyTcp; ++i) need_socket_(true);
}

DnsServer::~DnsServer() {
  for (const auto& channel : channels_) ares_destroy(channel->ares);
}

bool DnsServer::usable() const { return !channels_.empty(); }

bool DnsServer::open_channel(unsigned timeout_ms, Channel* channel) {
  ares_options options{};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  options.timeout = static_cast<int>(timeout_ms);
  options.tries = 1;
  options.ndots = 1;
  options.sock_state_cb = watch;
  options.sock_state_cb_data = this;
  char lookups[] = "b";  // DNS only: no files
  options.lookups = lookups;
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                   ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS;
  if (ares_init_options(&channel->ares, &options, mask) != ARES_SUCCESS) return false;
  ares_addr_port_node server{};
  server.family = endpoint_.address.family;
  std::memcpy(&server.addr, endpoint_.address.octets.data(), endpoint_.address.size());
  server.udp_port = endpoint_.port;
  server.tcp_port = endpoint_.port;
  static const ares_socket_functions functions = {make_socket, close_socket, connect_socket,
                                                  receive, send};
  ares_set_socket_functions(channel->ares, &functions, this);
  if (ares_set_servers_ports(channel->ares, &server) == ARES_SUCCESS) return true;
  ares_destroy(channel->ares);
  return false;
}

void DnsServer::add_socket(UniqueFd socket, bool tcp) {
  (tcp ? tcp_ : udp_).push_back(std::move(socket));
  ask_waiting();
}

void DnsServer::ask(const std::string& name, Done done) {
  if (waiting_.size() < kMaxWaiting) waiting_.push_back({name, std::move(done)});
  ask_waiting();
}

// Gives questions to the channel with the fewest; one that is idle needs a socket.
void DnsServer::ask_waiting() {
  while (!waiting_.empty()) {
    const auto least =
        std::min_element(channels_.begin(), channels_.end(),
                         [](const auto& a, const auto& b) { return a->questions < b->questions; });
    Channel* channel = least->get();
    if (channel->questions == 0 && udp_.empty()) return;
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    ++channel->questions;
    auto* question = new Question{channel, std::move(next.done)};
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel->ares, next.name.c_str(), nullptr, &hints, answered, question);
  }
}

void DnsServer::answered(void* argument, int status, int, ares_addrinfo* result) {
  const std::unique_ptr<Question> question(static_cast<Question*>(argument));
  --question->channel->questions;
  Reply reply;
  if (status == ARES_SUCCESS) {
    reply.outcome = Outcome::kAnswer;
    reply.ttl = 86'400;
    for (const ares_addrinfo_node* node = result->nodes; node != nullptr; node = node->ai_next) {
      const IpAddress address = address_of(*node);
      if (address.family == AF_UNSPEC) continue;
      reply.addresses.push_back(address);
      reply.ttl = std::min(reply.ttl, static_cast<std::uint32_t>(std::max(node->ai_ttl, 0)));
    }
    if (reply.addresses.empty()) reply.outcome = Outcome::kNoName;
  } else if (status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_EBADNAME) {
    reply.outcome = Outcome::kNoName;
  }
  if (result != nullptr) ares_freeaddrinfo(result);
  question->done(std::move(reply));
}

void DnsServer::on_socket(int fd, std::uint32_t events) {
  const bool readable = (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
  const bool writable = (events & EPOLLOUT) != 0;
  // Only the channel that owns the descriptor finds it among its own.
  for (const auto& channel : channels_) {
    if (channel->questions == 0) continue;
    ares_process_fd(channel->ares, readable ? fd : ARES_SOCKET_BAD,
                    writable ? fd : ARES_SOCKET_BAD);
  }
}

void DnsServer::expire() {
  for (const auto& channel : channels_) {
    if (channel->questions != 0) ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
  ask_waiting();
}

int DnsServer::next_timeout_ms() const {
  int next = -1;
  for (const auto& channel : channels_) {
    if (channel->questions == 0) continue;
    timeval buffer{};
    const timeval* left = ares_timeout(channel->ares, nullptr, &buffer);
    if (left == nullptr) continue;
    const int ms = static_cast<int>(left->tv_sec * 1000 + left->tv_usec / 1000) + 1;
    next = next < 0 ? ms : std::min(next, ms);
  }
  return next;
}

int DnsServer::make_socket(int, int type, int, void* server) {
  auto* self = static_cast<DnsServer*>(server);
  const bool tcp = (type & 0xf) == SOCK_STREAM;
  auto& pool = tcp ? self->tcp_ : self->udp_;
  self->need_socket_(tcp);
  if (pool.empty()) {
    errno = ENOBUFS;
    return -1;
  }
  const int fd = pool.front().release();
  pool.pop_front();
  return fd;
}

int DnsServer::close_socket(int fd, void*) { return ::close(fd); }

// The parent has done it.
int DnsServer::connect_socket(int, const sockaddr*, ares_socklen_t, void*) { return 0; }

ares_ssize_t DnsServer::receive(int fd, void* buffer, size_t size, int, sockaddr* from,
                                ares_socklen_t* from_length, void* server) {
  const ssize_t n = ::read(fd, buffer, size);
  // A connected socket hears from its server only; c-ares wants to see that.
  if (n >= 0 && from != nullptr && from_length != nullptr) {
    const SocketAddress address = to_socket_address(static_cast<DnsServer*>(server)->endpoint_);
    std::memcpy(from, address.get(), std::min<std::size_t>(*from_length, address.length));
    *from_length = address.length;
  }
  return n;
}

ares_ssize_t DnsServer::send(int fd, const iovec* parts, int count, void*) {
  return ::writev(fd, parts, count);
}

void DnsServer::watch(void* server, int fd, int readable, int writable) {
  auto* self = static_cast<DnsServer*>(server);
  epoll_event event{};
  event.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
  event.data.u64 = self->tag_ | static_cast<unsigned>(fd);
  if (event.events == 0) {
    epoll_ctl(self->epoll_, EPOLL_CTL_DEL, fd, nullptr);
  } else if (epoll_ctl(self->epoll_, EPOLL_CTL_MOD, fd, &event) != 0) {
    epoll_ctl(self->epoll_, EPOLL_CTL_ADD, fd, &event);
  }
}

}  // namespace gatehouse::resolver
