// SPDX-License-Identifier: Apache-2.0
// A transport with the octets that could not be moved on at once: received and not yet consumed,
// and accepted for sending but not yet taken by the kernel.
//
// Invariant: while `out` is not empty nothing more is read for it (the callers' back-pressure), so
// that it holds at most one window and one head.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "worker/buffer.h"
#include "worker/http/chunk_decoder.h"
#include "worker/transport.h"

namespace gatehouse::worker {

// What one writev sends, gathered from where it lies.
class Parts {
 public:
  static constexpr std::size_t kMax = 64;

  void add(std::string_view octets) {
    if (!octets.empty()) vectors_[count_++] = vector(octets);
  }
  // A place whose octets are known only later; every reserved place must be set.
  std::size_t reserve() { return count_++; }
  void set(std::size_t place, std::string_view octets) { vectors_[place] = vector(octets); }
  void clear() { count_ = 0; }
  std::size_t room() const { return kMax - count_; }
  std::size_t count() const { return count_; }
  std::span<iovec> span() { return {vectors_.data(), count_}; }
  http::ChunkLine chunk_line;  // what a reserved place may show

 private:
  static iovec vector(std::string_view octets) {
    return {const_cast<char*>(octets.data()), octets.size()};
  }
  std::array<iovec, kMax> vectors_;  // only the first count_ are set
  std::size_t count_ = 0;
};

struct Connection {
  Transport transport;
  Buffer in;
  Buffer out;

  // Sends the parts and keeps in `out` what the kernel doesn't take. last: once `out` is empty the
  // caller ends sending in this turn. False: the connection is broken for sending.
  bool send(BlockPool& pool, Parts& parts, bool last = false);
  // Sends what is in `out`. False as above.
  bool flush();
  void close(Poller* poller);

 private:
  Moved write(Parts& parts, bool last);
};

}  // namespace gatehouse::worker
