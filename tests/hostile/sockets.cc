// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tests/hostile/attempts.h"

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif

namespace gatehouse::hostile {
namespace {

constexpr Manners kAlone = {.wants_client = true, .wants_upstream = false};
constexpr Manners kBoth = {};

// "192.0.2.1:80"
sockaddr_in target(const std::string& text) {
  const std::size_t colon = text.find(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr);
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1)));
  return address;
}
const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

template <int kFamily, int kType = SOCK_STREAM, int kProtocol = 0>
int make_socket(Worker&, const std::string&) {
  return outcome_of(socket(kFamily, kType, kProtocol));
}

int pair_of_sockets(Worker&, const std::string&) {
  int ends[2];
  return outcome_of(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
}

enum class On { kListener, kClient, kUpstream };
int fd_of(Worker& worker, On on) {
  if (on == On::kListener) return worker.listeners.front().get();
  return on == On::kClient ? worker.client.get() : worker.upstream.get();
}

template <On kOn>
int bind_to(Worker& worker, const std::string& where) {
  const sockaddr_in address = target(where);
  return outcome_of(bind(fd_of(worker, kOn), generic(address), sizeof address));
}
template <On kOn>
int connect_to(Worker& worker, const std::string& where) {
  const sockaddr_in address = target(where);
  return outcome_of(connect(fd_of(worker, kOn), generic(address), sizeof address));
}
template <On kOn>
int listen_on(Worker& worker, const std::string&) {
  return outcome_of(listen(fd_of(worker, kOn), 1));
}

// A TCP connection of its own making.
int connect_own(Worker&, const std::string& where) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = target(where);
  return fd < 0 ? errno : outcome_of(connect(fd, generic(address), sizeof address));
}

// Dissolves the connection that the parent made, and makes another with the same socket.
int reconnect(Worker& worker, const std::string& where) {
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  if (connect(worker.upstream.get(), &nowhere, sizeof nowhere) != 0) return errno;
  const sockaddr_in address = target(where);
  const int fd = worker.upstream.get();
  if (connect(fd, generic(address), sizeof address) != 0 && errno != EINPROGRESS) return errno;
  return worker.wait(fd, EPOLLOUT, 2000) ? 0 : ETIMEDOUT;
}

// connect(2) in the shape of a send. Twice: after a reset the first only fetches its error.
int fast_open(Worker& worker, const std::string& where) {
  const sockaddr_in address = target(where);
  int error = 0;
  for (int i = 0; i < 2; ++i) {
    error =
        outcome_of(sendto(worker.upstream.get(), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL | MSG_DONTWAIT,
                          generic(address), sizeof address));
  }
  return error == EINPROGRESS ? 0 : error;
}
int fast_open_after_reset(Worker& worker, const std::string& where) {
  worker.wait(worker.upstream.get(), EPOLLHUP, 3000);
  return fast_open(worker, where);
}
int fast_open_message(Worker& worker, const std::string& where) {
  sockaddr_in address = target(where);
  iovec data{const_cast<char*>("x"), 1};
  msghdr header{};
  header.msg_name = &address;
  header.msg_namelen = sizeof address;
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  return outcome_of(sendmsg(worker.upstream.get(), &header, MSG_FASTOPEN | MSG_NOSIGNAL));
}
template <int kFlags>
int send_with_address(Worker& worker, const std::string& where) {
  const sockaddr_in address = target(where);
  return outcome_of(
      sendto(worker.upstream.get(), "x", 1, kFlags, generic(address), sizeof address));
}

template <int kLevel, int kName>
int set_option(Worker& worker, const std::string&) {
  const linger value{1, 1000};  // an int option reads its first part
  return outcome_of(setsockopt(worker.client.get(), kLevel, kName, &value, sizeof value));
}

constexpr Attempt kAttempts[] = {
    {"socket_inet", make_socket<AF_INET>, kAlone},
    {"socket_inet6", make_socket<AF_INET6>, kAlone},
    {"socket_udp", make_socket<AF_INET, SOCK_DGRAM>, kAlone},
    {"socket_unix", make_socket<AF_UNIX>, kAlone},
    {"socket_netlink", make_socket<AF_NETLINK, SOCK_RAW>, kAlone},
    {"socket_packet", make_socket<AF_PACKET, SOCK_RAW>, kAlone},
    {"socket_vsock", make_socket<AF_VSOCK>, kAlone},
    {"socket_alg", make_socket<AF_ALG, SOCK_SEQPACKET>, kAlone},
    {"socket_bluetooth", make_socket<AF_BLUETOOTH, SOCK_RAW>, kAlone},
    {"socketpair", pair_of_sockets, kAlone},
    {"bind_listener", bind_to<On::kListener>, kAlone},
    {"bind_client", bind_to<On::kClient>, kAlone},
    {"bind_upstream", bind_to<On::kUpstream>, kBoth},
    {"connect_listener", connect_to<On::kListener>, kAlone},
    {"connect_client", connect_to<On::kClient>, kAlone},
    {"connect_upstream", connect_to<On::kUpstream>, kBoth},
    {"listen_listener", listen_on<On::kListener>, kAlone},
    {"listen_client", listen_on<On::kClient>, kAlone},
    {"listen_upstream", listen_on<On::kUpstream>, kBoth},
    {"connect_own", connect_own, kAlone},
    {"reconnect", reconnect, kBoth},
    {"fast_open", fast_open, kBoth},
    {"fast_open_after_reset", fast_open_after_reset, kBoth},
    {"fast_open_message", fast_open_message, kBoth},
    // The worker's own filter knows MSG_MORE, alone and without an address.
    {"fast_open_more", send_with_address<MSG_FASTOPEN | MSG_MORE>, kBoth},
    {"send_more_with_address", send_with_address<MSG_MORE>, kBoth},
    {"send_with_address", send_with_address<MSG_NOSIGNAL>, kBoth},
    {"linger", set_option<SOL_SOCKET, SO_LINGER>, kAlone},
    {"transparent", set_option<SOL_IP, IP_TRANSPARENT>, kAlone},
    {"no_delay", set_option<SOL_TCP, TCP_NODELAY>, kAlone},
    {"blocking_fcntl",
     [](Worker& worker, const std::string&) -> int {
       return outcome_of(fcntl(worker.client.get(), F_SETFL, 0));
     },
     kAlone},
    {"blocking_ioctl",
     [](Worker& worker, const std::string&) -> int {
       int off = 0;
       return outcome_of(ioctl(worker.listeners.front().get(), FIONBIO, &off));
     },
     kAlone},
    {"deaf_listener",
     [](Worker& worker, const std::string&) -> int {
       return outcome_of(shutdown(worker.listeners.front().get(), SHUT_RD));
     },
     kAlone},
    {"duplicate",
     [](Worker& worker, const std::string&) -> int { return outcome_of(dup(worker.client.get())); },
     kAlone},
};

}  // namespace

std::span<const Attempt> socket_attempts() { return kAttempts; }

}  // namespace gatehouse::hostile
