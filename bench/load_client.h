// SPDX-License-Identifier: Apache-2.0
// One client connection of the load generator: connects, sends one request at a time, checks that
// the response is a 200 (a 101 where a switch is asked for) with exactly the content it announces.
// Sends nothing before it is told to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/net.h"

namespace gatehouse::bench {

// What all clients of one run send and expect.
struct Plan {
  sockaddr_in to{};
  std::vector<in_addr> sources;  // in turn; empty: the kernel's choice
  std::string head;
  std::string expected;  // how a response begins
  BodyFile body;
  std::uint64_t body_size = 0;  // content of each request
  bool fresh = false;           // one request for each connection, which the server ends
  bool unread = false;          // responses are left to the caller
};

// Counted by all clients together.
struct Tally {
  std::uint64_t octets = 0;  // of content, in both directions
  std::uint64_t errors = 0;
  std::string first_error;
};

class Client {
 public:
  // Where a client is. kIdle: connected or not, nothing under way.
  enum class State { kIdle, kConnecting, kSending, kHead, kBody, kChunks, kEnd };

  Client(const Plan& plan, Tally& tally, int epoll, std::uint32_t index);

  // Begins a request; call only when idle.
  void start();
  // What epoll says. True: the request under way has come to its end, well or not.
  bool on_events(std::uint32_t events);

  bool asked() const { return state_ == State::kHead; }
  bool failed() const { return failed_; }
  int fd() const { return fd_.get(); }

 private:
  bool connect();
  void send_request();
  void send_rest();
  bool read_all(bool ended);
  bool read_head(std::string_view octets);
  bool read_body(std::string_view octets);
  bool read_chunks(std::string_view octets);
  bool complete(std::string_view rest);
  bool fail(const std::string& why);

  const Plan& plan_;
  Tally& tally_;
  const int epoll_;
  const std::uint32_t index_;
  UniqueFd fd_;
  State state_ = State::kIdle;
  bool failed_ = false;
  bool drained_ = false;    // the last read said that nothing more is there
  std::string partial_;     // of a response head or of a chunk's line
  std::uint64_t left_ = 0;  // octets of the body, or of the chunk with its line end
  bool last_chunk_ = false;
  std::uint64_t position_ = 0, to_send_ = 0;
};

}  // namespace gatehouse::bench
