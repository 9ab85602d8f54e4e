// SPDX-License-Identifier: Apache-2.0
// A blocking end of a TCP connection with short words for what tests do, and an origin server that
// runs one function for each connection it gets.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace gatehouse::worker::testing {

enum class End { kOpen, kFin, kReset, kTimeout };

class Peer {
 public:
  explicit Peer(UniqueFd fd);
  // To 127.0.0.1. receive_buffer: octets of SO_RCVBUF, 0: the kernel's choice.
  static Peer connect(std::uint16_t port, int receive_buffer = 0);

  // False: the connection is broken.
  bool send(std::string_view octets);
  void finish_sending() { shutdown(fd_.get(), SHUT_WR); }
  void reset();
  // At least one octet, or "" (see end()).
  std::string receive_some(std::size_t most = 65536);
  // Up to and including the marker; shorter when the peer ends.
  std::string receive_until(std::string_view marker);
  std::string receive_exactly(std::size_t size);
  // Everything until the peer ends.
  std::string receive_all();
  // One message head, with the empty line.
  std::string receive_head() { return receive_until("\r\n\r\n"); }
  // A head and the content that its Content-Length declares.
  std::string receive_message();
  // How receiving ended; waits for an end up to a second while the peer sends nothing.
  End end();
  int fd() const { return fd_.get(); }
  void set_timeout_ms(int ms);

 private:
  UniqueFd fd_;
  std::string buffered_;
  End end_ = End::kOpen;
};

// 16 octets at a time; the same on both ends.
std::string pattern(std::size_t size);
std::uint64_t checksum(std::string_view octets, std::uint64_t start = 14695981039346656037ULL);

class Origin {
 public:
  using Handler = std::function<void(Peer&)>;
  explicit Origin(Handler handler);
  ~Origin();
  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void run();

  Handler handler_;
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  std::vector<std::thread> threads_;
  std::thread thread_;
};

}  // namespace gatehouse::worker::testing
