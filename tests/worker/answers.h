// SPDX-License-Identifier: Apache-2.0
// What origins answer, and how long things take.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "tests/worker/peer.h"

namespace gatehouse::worker::testing {

inline std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

// Answers every request head, and the content that it declares, with the same body.
inline Origin::Handler answer(std::string body) {
  return [body](Peer& peer) {
    while (!peer.receive_message().empty()) peer.send(ok(body));
  };
}

// Answers every request with its own head.
inline void echo_head(Peer& peer) {
  for (std::string head = peer.receive_head(); !head.empty(); head = peer.receive_head()) {
    peer.send(ok(head));
  }
}

// The content of a message.
inline std::string body_of(const std::string& message) {
  const std::size_t end = message.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : message.substr(end + 4);
}

// The status code of a message, "" of none.
inline std::string status_of(const std::string& message) {
  return message.starts_with("HTTP/1.1 ") ? message.substr(9, 3) : std::string();
}

class Stopwatch {
 public:
  int ms() const {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                std::chrono::steady_clock::now() - start_)
                                .count());
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace gatehouse::worker::testing
