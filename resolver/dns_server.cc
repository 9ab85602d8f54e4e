// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_server.h"

#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace gatehouse::resolver {
namespace {

// Questions under way at once; a channel of c-ares takes 75 KiB.
constexpr std::size_t kUdpChannels = 64;
constexpr std::size_t kTcpChannels = 4;
constexpr std::size_t kMaxWaiting = 4096;  // as many as the parent has open
// After so long a socket that was asked for is not expected any more.
constexpr std::uint64_t kSocketTime = 1000;  // ms
constexpr int kInternetClass = 1;
// The server as c-ares knows it; where the sockets lead is no concern of its.
constexpr in_addr kNobody{};

std::uint16_t random_id() {
  std::uint16_t id;
  CHECK(getrandom(&id, sizeof id, 0) == sizeof id);
  return id;
}

}  // namespace

struct DnsServer::Lookup {
  Channel* channel;
  bool tcp;
  std::string name;
  RecordType type;
  Done done;
};

DnsServer::DnsServer(unsigned timeout_ms, int epoll, std::uint64_t events_tag,
                     NeedSocket need_socket)
    : timeout_ms_(timeout_ms),
      epoll_(epoll),
      tag_(events_tag),
      need_socket_(std::move(need_socket)) {
  for (const bool tcp : {false, true}) {
    transport(tcp).tcp = tcp;
    for (std::size_t i = 0; usable_ && i < (tcp ? kTcpChannels : kUdpChannels); ++i) {
      auto channel = std::make_unique<Channel>();
      channel->server = this;
      usable_ = open_channel(tcp, timeout_ms, channel.get());
      if (usable_) transport(tcp).channels.push_back(std::move(channel));
    }
  }
}

DnsServer::~DnsServer() {
  for (const Transport& transport : transports_) {
    for (const auto& channel : transport.channels) ares_destroy(channel->ares);
  }
}

bool DnsServer::open_channel(bool tcp, unsigned timeout_ms, Channel* channel) {
  // Everything that c-ares would read from files is given, even as nothing. An answer with an error
  // (NOCHECKRESP) or cut short (IGNTC) is ours to judge.
  ares_options options{};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP |
                  ARES_FLAG_IGNTC | (tcp ? ARES_FLAG_USEVC : 0);
  options.timeout = static_cast<int>(timeout_ms);
  options.tries = 1;
  options.ndots = 1;
  options.sock_state_cb = watch;
  options.sock_state_cb_data = channel;
  char lookups[] = "b";  // DNS only
  options.lookups = lookups;
  in_addr server = kNobody;
  options.servers = &server;
  options.nservers = 1;
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                   ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS |
                   ARES_OPT_SORTLIST | ARES_OPT_SERVERS | ARES_OPT_NOROTATE;
  if (ares_init_options(&channel->ares, &options, mask) != ARES_SUCCESS) return false;
  static const ares_socket_functions functions = {make_socket, close_socket, connect_socket,
                                                  receive, send};
  ares_set_socket_functions(channel->ares, &functions, channel);
  return true;
}

bool DnsServer::ask(const std::string& name, std::vector<RecordType> types, Done done,
                    std::uint64_t now_ms) {
  Transport& udp = transport(false);
  if (udp.waiting.size() >= kMaxWaiting) return false;
  udp.waiting.push_back({name, std::move(types), std::move(done), now_ms + timeout_ms_});
  request_sockets(udp, now_ms);
  return true;
}

// As many as can be used at once.
void DnsServer::request_sockets(Transport& transport, std::uint64_t now_ms) {
  now_ms_ = now_ms;
  if (now_ms >= transport.requested_ms + kSocketTime) transport.requested = 0;
  const auto idle = static_cast<std::size_t>(
      std::count_if(transport.channels.begin(), transport.channels.end(),
                    [](const auto& channel) { return channel->lookups == 0; }));
  while (transport.requested < std::min(transport.waiting.size(), idle)) {
    ++transport.requested;
    transport.requested_ms = now_ms;
    need_socket_(transport.tcp);
  }
}

void DnsServer::add_socket(UniqueFd socket, bool tcp) {
  Transport& transport = this->transport(tcp);
  if (transport.requested > 0) --transport.requested;
  const auto idle = std::find_if(transport.channels.begin(), transport.channels.end(),
                                 [](const auto& channel) { return channel->lookups == 0; });
  if (transport.waiting.empty() || idle == transport.channels.end()) return;
  Question question = std::move(transport.waiting.front());
  transport.waiting.pop_front();
  (*idle)->offered = std::move(socket);
  start(**idle, std::move(question), tcp);
}

// No route to the server, say: it will be the same for the others that wait, but each has asked.
void DnsServer::socket_failed(bool tcp) {
  Transport& transport = this->transport(tcp);
  if (transport.requested > 0) --transport.requested;
  if (transport.waiting.empty()) return;
  Question question = std::move(transport.waiting.front());
  transport.waiting.pop_front();
  fail(std::move(question), Outcome::kSilence);
}

void DnsServer::fail(Question question, Outcome outcome) {
  for (const RecordType type : question.types) {
    finished_.push_back({type, question.done, {outcome, {}, 0}});
  }
}

void DnsServer::start(Channel& channel, Question question, bool tcp) {
  for (const RecordType type : question.types) {
    unsigned char* query = nullptr;
    int length = 0;
    if (ares_create_query(question.name.c_str(), kInternetClass, static_cast<int>(type),
                          random_id(), 1, &query, &length, 0) != ARES_SUCCESS) {
      finished_.push_back({type, question.done, {}});
      continue;
    }
    ++channel.lookups;
    ares_send(channel.ares, query, length, answered,
              new Lookup{&channel, tcp, question.name, type, question.done});
    ares_free_string(query);
  }
  channel.offered.reset();  // c-ares has taken it, unless no query could be made
}

// Called by c-ares, perhaps from within ares_send().
void DnsServer::answered(void* argument, int status, int, unsigned char* answer, int length) {
  const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(argument));
  --lookup->channel->lookups;
  if (status == ARES_EDESTRUCTION) return;
  DnsServer& self = *lookup->channel->server;
  Reply reply{Outcome::kSilence, {}, 0};
  if (status == ARES_SUCCESS) {
    reply = read_answer({answer, static_cast<std::size_t>(length)}, lookup->type, lookup->tcp);
  }
  Transport& tcp = self.transport(true);
  if (reply.outcome == Outcome::kTruncated && tcp.waiting.size() < kMaxWaiting) {
    tcp.waiting.push_back(
        {lookup->name, {lookup->type}, std::move(lookup->done), self.now_ms_ + self.timeout_ms_});
    return;
  }
  if (reply.outcome == Outcome::kTruncated) reply.outcome = Outcome::kFailure;
  self.finished_.push_back({lookup->type, std::move(lookup->done), std::move(reply)});
}

void DnsServer::on_socket(int fd, std::uint32_t events, std::uint64_t now_ms) {
  now_ms_ = now_ms;
  const bool readable = (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
  const bool writable = (events & EPOLLOUT) != 0;
  for (const Transport& transport : transports_) {
    for (const auto& channel : transport.channels) {
      if (channel->fd != fd) continue;
      return ares_process_fd(channel->ares, readable ? fd : ARES_SOCKET_BAD,
                             writable ? fd : ARES_SOCKET_BAD);
    }
  }
}

void DnsServer::finish_turn(std::uint64_t now_ms) {
  now_ms_ = now_ms;
  for (Transport& transport : transports_) {
    for (const auto& channel : transport.channels) {
      if (channel->lookups == 0) continue;
      ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
    while (!transport.waiting.empty() && transport.waiting.front().deadline_ms <= now_ms) {
      Question late = std::move(transport.waiting.front());
      transport.waiting.pop_front();
      fail(std::move(late), Outcome::kFailure);
    }
  }
  for (Finished& finished : std::exchange(finished_, {})) {
    finished.done(finished.type, std::move(finished.reply));
  }
  for (Transport& transport : transports_) request_sockets(transport, now_ms);
}

int DnsServer::next_timeout_ms(std::uint64_t now_ms) const {
  if (!finished_.empty()) return 0;
  std::int64_t next = -1;
  const auto sooner = [&next](std::int64_t ms) {
    next = next < 0 ? std::max<std::int64_t>(ms, 0) : std::clamp<std::int64_t>(ms, 0, next);
  };
  for (const Transport& transport : transports_) {
    for (const auto& channel : transport.channels) {
      timeval buffer{};
      const timeval* left =
          channel->lookups == 0 ? nullptr : ares_timeout(channel->ares, nullptr, &buffer);
      if (left != nullptr) sooner(left->tv_sec * 1000 + left->tv_usec / 1000 + 1);
    }
    if (transport.waiting.empty()) continue;
    sooner(static_cast<std::int64_t>(transport.waiting.front().deadline_ms - now_ms));
    if (transport.requested > 0) {
      sooner(static_cast<std::int64_t>(transport.requested_ms + kSocketTime - now_ms));
    }
  }
  return static_cast<int>(next);
}

int DnsServer::make_socket(int, int, int, void* argument) {
  auto* channel = static_cast<Channel*>(argument);
  channel->fd = channel->offered.release();
  if (channel->fd < 0) errno = ENOBUFS;
  return channel->fd;
}

int DnsServer::close_socket(int fd, void* argument) {
  static_cast<Channel*>(argument)->fd = -1;
  return ::close(fd);
}

// The parent has done it.
int DnsServer::connect_socket(int, const sockaddr*, ares_socklen_t, void*) { return 0; }

ares_ssize_t DnsServer::receive(int fd, void* buffer, size_t size, int, sockaddr* from,
                                ares_socklen_t* from_length, void*) {
  const ssize_t n = ::read(fd, buffer, size);
  if (from == nullptr || from_length == nullptr) return n;  // TCP
  // c-ares before 1.19.1 takes an empty datagram for the end of the connection (CVE-2023-32067).
  if (n == 0) {
    errno = EAGAIN;
    return -1;
  }
  // A connected socket hears from its server only; c-ares wants to see that.
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr = kNobody;
  std::memcpy(from, &address, std::min<std::size_t>(*from_length, sizeof address));
  *from_length = sizeof address;
  return n;
}

// c-ares sends the rest when it has been told what was taken.
ares_ssize_t DnsServer::send(int fd, const iovec* parts, int, void*) {
  const ssize_t n = ::send(fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
  if (n >= 0 || errno != ECONNREFUSED) return n;
  // The error of the datagram before: nobody listens there. It belongs to the reader, who ends all
  // lookups of the socket; this datagram brings it back.
  return ::send(fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
}

void DnsServer::watch(void* argument, int fd, int readable, int writable) {
  const DnsServer& self = *static_cast<Channel*>(argument)->server;
  epoll_event event{};
  event.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
  event.data.u64 = self.tag_ | static_cast<unsigned>(fd);
  if (event.events == 0) {
    epoll_ctl(self.epoll_, EPOLL_CTL_DEL, fd, nullptr);
  } else if (epoll_ctl(self.epoll_, EPOLL_CTL_MOD, fd, &event) != 0) {
    epoll_ctl(self.epoll_, EPOLL_CTL_ADD, fd, &event);
  }
}

}  // namespace gatehouse::resolver
