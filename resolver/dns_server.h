// SPDX-License-Identifier: Apache-2.0
// One configured DNS server: asks it through c-ares, over sockets that the parent has connected.
//
// Runs in: resolver. Trusts: nothing of an answer but what c-ares has checked.
// c-ares believes that it makes sockets; it is given those of a pool
// (ares_set_socket_functions(3)). Several c-ares channels stand side by side, and an idle one
// closes its socket, so that a question mostly goes out from a port that was not used before (RFC
// 5452 9.2). Query ids: c-ares seeds its generator from /dev/urandom when a channel is made, before
// the filter.
#pragma once

#include <ares.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/unique_fd.h"

namespace gatehouse::resolver {

enum class Outcome {
  kAnswer,   // addresses
  kNoName,   // the server says that there is no such name, or no address
  kFailure,  // no answer, or none that helps: another server may know
};

class DnsServer {
 public:
  struct Reply {
    Outcome outcome = Outcome::kFailure;
    std::vector<IpAddress> addresses;
    std::uint32_t ttl = 0;  // seconds, the shortest of the addresses
  };
  using Done = std::function<void(Reply)>;
  // Asks the parent for one more socket to this server.
  using NeedSocket = std::function<void(bool tcp)>;

  // epoll: the loop's set; events of sockets carry `events_tag | descriptor` as data.
  DnsServer(const Endpoint& endpoint, unsigned timeout_ms, int epoll, std::uint64_t events_tag,
            NeedSocket need_socket);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  // False where c-ares could not be set up.
  bool usable() const;
  void add_socket(UniqueFd socket, bool tcp);
  // A and AAAA of the name. done is called once, never from within ask().
  void ask(const std::string& name, Done done);

  void on_socket(int fd, std::uint32_t events);
  // Runs the time-outs; to be called once a turn. The milliseconds until the next, -1: none.
  void expire();
  int next_timeout_ms() const;

 private:
  struct Channel {
    DnsServer* server = nullptr;
    ares_channel ares = nullptr;
    unsigned questions = 0;
  };
  struct Question;
  struct Waiting {
    std::string name;
    Done done;
  };

  static int make_socket(int family, int type, int protocol, void* server);
  static int close_socket(int fd, void* server);
  static int connect_socket(int fd, const sockaddr* address, ares_socklen_t length, void* server);
  static ares_ssize_t receive(int fd, void* buffer, size_t size, int flags, sockaddr* from,
                              ares_socklen_t* from_length, void* server);
  static ares_ssize_t send(int fd, const iovec* parts, int count, void* server);
  static void watch(void* server, int fd, int readable, int writable);
  static void answered(void* question, int status, int timeouts, ares_addrinfo* result);

  bool open_channel(unsigned timeout_ms, Channel* channel);
  void ask_waiting();

  Endpoint endpoint_;
  int epoll_;
  std::uint64_t tag_;
  NeedSocket need_socket_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::deque<UniqueFd> udp_;  // connected, unused
  std::deque<UniqueFd> tcp_;
  std::deque<Waiting> waiting_;  // for a socket
};

}  // namespace gatehouse::resolver
