// SPDX-License-Identifier: Apache-2.0
// One configured DNS server: asks it through c-ares, over sockets that the parent has connected.
// Its address is known to the parent alone.
//
// Runs in: resolver. Trusts: nothing of an answer but what c-ares has checked.
// Invariants:
//  1. A socket serves one question, its A and its AAAA, and is closed: every question goes out from
//     a port that was not used before (RFC 5452 9.2). The kernel drops what does not come from the
//     server's address and port, c-ares what has another id or another question.
//  2. Query ids are drawn from getrandom(2). c-ares makes none; its own generator is weak, and
//     falls back to rand(3) where it can't open /dev/urandom.
//  3. c-ares neither makes nor connects a socket and opens no file: ares_set_socket_functions(3),
//     and options that leave it nothing to look up.
//  4. Done is never called from within ask(), add_socket() or socket_failed().
#pragma once

#include <ares.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "resolver/dns_answer.h"

namespace gatehouse::resolver {

class DnsServer {
 public:
  // Called once for each type asked for; never with kTruncated.
  using Done = std::function<void(RecordType, Reply)>;
  // Asks the parent for one more socket to this server.
  using NeedSocket = std::function<void(bool tcp)>;

  // timeout_ms: for the socket, and again for the answer. epoll: the loop's set; events of sockets
  // carry `events_tag | descriptor` as data.
  DnsServer(unsigned timeout_ms, int epoll, std::uint64_t events_tag, NeedSocket need_socket);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  // False where c-ares could not be set up.
  bool usable() const { return usable_; }
  // name: as known_addresses() lets it pass. False: too many questions wait already.
  bool ask(const std::string& name, std::vector<RecordType> types, Done done, std::uint64_t now_ms);
  // The parent's answers to NeedSocket, in any order; a socket that nobody waits for is closed.
  void add_socket(UniqueFd socket, bool tcp);
  void socket_failed(bool tcp);

  void on_socket(int fd, std::uint32_t events, std::uint64_t now_ms);
  // Runs the time-outs and calls Done; to be called once a turn, after all else.
  void finish_turn(std::uint64_t now_ms);
  // Milliseconds until finish_turn() has something to do, -1: nothing is under way.
  int next_timeout_ms(std::uint64_t now_ms) const;

 private:
  // A c-ares channel. It opens files when it is made, so all are made at the start.
  struct Channel {
    DnsServer* server = nullptr;
    ares_channel ares = nullptr;
    UniqueFd offered;  // what c-ares will be given as the next socket
    int fd = -1;       // what it has
    unsigned lookups = 0;
  };
  struct Question {
    std::string name;
    std::vector<RecordType> types;
    Done done;
    std::uint64_t deadline_ms;  // for getting a socket
  };
  struct Lookup;
  struct Finished {
    RecordType type;
    Done done;
    Reply reply;
  };
  // UDP, or TCP for what does not fit into a datagram.
  struct Transport {
    bool tcp = false;
    std::vector<std::unique_ptr<Channel>> channels;
    std::deque<Question> waiting;  // for a socket
    std::size_t requested = 0;     // sockets asked for and not come yet
    std::uint64_t requested_ms = 0;
  };

  static int make_socket(int family, int type, int protocol, void* channel);
  static int close_socket(int fd, void* channel);
  static int connect_socket(int fd, const sockaddr* address, ares_socklen_t length, void* channel);
  static ares_ssize_t receive(int fd, void* buffer, size_t size, int flags, sockaddr* from,
                              ares_socklen_t* from_length, void* channel);
  static ares_ssize_t send(int fd, const iovec* parts, int count, void* channel);
  static void watch(void* channel, int fd, int readable, int writable);
  static void answered(void* lookup, int status, int timeouts, unsigned char* answer, int length);

  bool open_channel(bool tcp, unsigned timeout_ms, Channel* channel);
  Transport& transport(bool tcp) { return transports_[tcp ? 1 : 0]; }
  void request_sockets(Transport& transport, std::uint64_t now_ms);
  void start(Channel& channel, Question question, bool tcp);
  void fail(Question question, Outcome outcome);

  unsigned timeout_ms_;
  int epoll_;
  std::uint64_t tag_;
  NeedSocket need_socket_;
  bool usable_ = true;
  std::uint64_t now_ms_ = 0;
  Transport transports_[2];
  std::vector<Finished> finished_;
};

}  // namespace gatehouse::resolver
