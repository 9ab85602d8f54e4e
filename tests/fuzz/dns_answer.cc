// SPDX-License-Identifier: Apache-2.0
// Arbitrary answers, over UDP and TCP, through a DnsServer and c-ares: every question ends once,
// with addresses of its own kind and no more than sixteen.
//
// The input is a row of answers: one octet that says how it is made, one that is its length / 2,
// and so many octets.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "resolver/dns_server.h"

namespace gatehouse::fuzz {
namespace {

using resolver::DnsServer;
using resolver::Outcome;
using resolver::RecordType;
using resolver::Reply;

constexpr std::size_t kHeader = 12;

class Lab {
 public:
  Lab()
      : epoll_(epoll_create1(EPOLL_CLOEXEC)),
        server_(60'000, epoll_.get(), 0, [this](bool tcp) { (tcp ? tcp_ : udp_) += 1; }) {
    CHECK(server_.usable());
  }

  void play(std::string_view input) {
    done_ = 0;
    server_.ask(
        "www.example", {RecordType::kA, RecordType::kAaaa},
        [this](RecordType type, const Reply& reply) { finished(type, reply); }, 0);
    CHECK(udp_ == 1 && tcp_ == 0);
    udp_ = 0;
    std::string queries[2];
    const UniqueFd far = give_socket(SOCK_DGRAM);
    for (std::string& query : queries) query = receive(far);
    while (!input.empty()) {
      send(far, next_answer(&input, queries));
      turn();
    }
    // What is still open ends here: there is no such name.
    for (const std::string& query : queries) {
      send(far, query.substr(0, 2) + "\x81\x83" + query.substr(4));
    }
    turn();
    while (tcp_ > 0) {
      --tcp_;
      play_tcp(input_);
    }
    CHECK(done_ == 2);
    CHECK(server_.next_timeout_ms(0) == -1);
  }

  void remember(std::string_view input) { input_ = input; }

 private:
  void play_tcp(std::string_view input) {
    const UniqueFd far = give_socket(SOCK_STREAM);
    turn();
    std::string query = receive(far);
    if (query.size() > 2) query.erase(0, 2);
    const std::string queries[2] = {query, query};
    while (!input.empty()) {
      const bool whole = (static_cast<std::uint8_t>(input[0]) & 0x80) == 0;
      const std::string answer = next_answer(&input, queries);
      std::string length = {static_cast<char>(answer.size() >> 8),
                            static_cast<char>(answer.size())};
      send(far, whole ? length + answer : answer);
      turn();
    }
    shutdown(far.get(), SHUT_RDWR);
    turn();
    turn();
  }

  // Takes one off the input.
  static std::string next_answer(std::string_view* input, const std::string (&queries)[2]) {
    const auto how = static_cast<std::uint8_t>(input->front());
    input->remove_prefix(1);
    std::size_t length = 0;
    if (!input->empty()) {
      length = static_cast<std::uint8_t>(input->front()) * std::size_t{2};
      input->remove_prefix(1);
    }
    std::string body(input->substr(0, length));
    input->remove_prefix(std::min(length, input->size()));
    const std::string& query = queries[how & 1];
    if ((how & 2) != 0 && query.size() > kHeader) {
      // A header with the flags and counts of the body, the question, and the rest.
      if (body.size() < 8) body.resize(8);
      return query.substr(0, 2) + body.substr(0, 2) + query.substr(4, 2) + body.substr(2, 6) +
             query.substr(kHeader) + body.substr(8);
    }
    if ((how & 4) != 0 && body.size() >= 2) body.replace(0, 2, query.substr(0, 2));
    return body;
  }

  UniqueFd give_socket(int type) {
    int fds[2];
    CHECK(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    server_.add_socket(UniqueFd(fds[0]), type == SOCK_STREAM);
    return UniqueFd(fds[1]);
  }
  static std::string receive(const UniqueFd& far) {
    char buffer[4096];
    const ssize_t n = recv(far.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    return {buffer, static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
  }
  static void send(const UniqueFd& far, const std::string& octets) {
    (void)!::send(far.get(), octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  void turn() {
    epoll_event events[16];
    for (int rounds = 0; rounds < 1000; ++rounds) {
      const int count = epoll_wait(epoll_.get(), events, 16, 0);
      for (int i = 0; i < count; ++i) {
        server_.on_socket(static_cast<int>(events[i].data.u64), events[i].events, 0);
      }
      server_.finish_turn(0);
      if (count <= 0) return;
    }
    CHECK(!"the loop does not come to rest");
  }

  void finished(RecordType type, const Reply& reply) {
    ++done_;
    CHECK(done_ <= 2 && reply.outcome != Outcome::kTruncated);
    CHECK(reply.addresses.size() <= 16);
    CHECK(reply.addresses.empty() || reply.outcome == Outcome::kAnswer);
    for (const IpAddress& address : reply.addresses) {
      CHECK(address.family == (type == RecordType::kA ? AF_INET : AF_INET6));
    }
  }

  UniqueFd epoll_;
  int udp_ = 0, tcp_ = 0;
  int done_ = 0;
  std::string_view input_;
  DnsServer server_;
};

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto* lab = new gatehouse::fuzz::Lab;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  lab->remember(input);
  lab->play(input);
  return 0;
}
