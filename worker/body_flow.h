// SPDX-License-Identifier: Apache-2.0
// The content of one direction of an exchange: how its end is known, how much is to come, and in
// what form it goes on. Turns octets of the source into parts for the sink; moves nothing itself
// (worker/body_relay.h does).
//
// Trusts: nothing in the octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "worker/connection.h"
#include "worker/http/chunk_decoder.h"
#include "worker/http/request_rules.h"
#include "worker/pipe_pool.h"

namespace gatehouse::worker {

class BodyFlow {
 public:
  // From this size on what is left of a body is spliced, if a pipe is free.
  static constexpr std::uint64_t kSpliceFrom = 256 * 1024;
  // How much is read at once: octets that the sink then doesn't take are owned by the connection.
  static constexpr std::uint32_t kSmallWindow = 16 * 1024;
  // 64 KiB with a head around them are common: one read, one writev, one segment fewer.
  static constexpr std::uint32_t kUsualWindow = 80 * 1024;
  static constexpr std::uint32_t kLargeWindow = 256 * 1024;
  // A sink is called steady when it has taken this much without a stall: more than the kernel's
  // send buffer holds, so that its reader must really be reading.
  static constexpr std::uint64_t kSteady = 8 * 1024 * 1024;

  // A flow that has ended, as of a message without content.
  BodyFlow() = default;
  BodyFlow(const BodyFlow&) = delete;
  BodyFlow& operator=(const BodyFlow&) = delete;

  // As received and as sent. length: of kLength. body_limit: of kChunked and kUntilClose, octets of
  // content, 0 for none; the first octet beyond is refused (kBodyTooLong).
  void begin(http::Framing received, http::Framing sent, std::uint64_t length, bool keep_trailers,
             std::uint64_t body_limit);

  // Once done the sink's sending ends in the same turn (until the next begin()).
  void end_sink_after() { ends_sink_ = true; }
  bool ends_sink() const { return ends_sink_; }

  // Takes octets off the front of input and adds what they become to parts (views into input, or
  // into this flow and parts); returns how many. Call again until input is used up or done().
  std::size_t take(std::string_view input, Parts* parts);
  // The source has ended. True: that is the regular end. False: the body is truncated.
  bool end_of_source();

  // Nothing is to come, and nothing waits in a pipe.
  bool done() const { return ended_ && pipe_ == nullptr; }
  // Not kNone: the content is malformed or too long; the flow is stuck.
  http::Refusal refusal() const { return refusal_; }
  // Octets of content taken so far, in their received form.
  std::uint64_t taken() const { return taken_; }
  // How much is to come has been said beforehand.
  bool length_declared() const { return received_ == http::Framing::kLength; }

  std::uint32_t window() const { return window_; }
  // After each block: did the sink take all of it, and did the source fill the window?
  void adapt_window(bool sink_took_all, bool source_filled);

  // What is to come may be spliced, as far as this flow is concerned.
  bool may_splice() const;
  // At most size octets may be spliced now; they are then counted by spliced().
  std::uint64_t splice_size(std::uint64_t size) const;
  void spliced(std::uint64_t n);
  Pipe* pipe() const { return pipe_; }
  void set_pipe(Pipe* pipe) { pipe_ = pipe; }

 private:
  std::size_t take_chunks(std::string_view input, Parts* parts);
  void end_chunks(Parts* parts);

  http::Framing received_ = http::Framing::kNone;
  http::Framing sent_ = http::Framing::kNone;
  bool ended_ = true;
  bool ends_sink_ = false;
  http::Refusal refusal_ = http::Refusal::kNone;
  std::uint32_t window_ = kSmallWindow;
  std::uint64_t remaining_ = 0;  // of kLength
  std::uint64_t limit_ = 0;      // of kUntilClose; 0: none
  std::uint64_t taken_ = 0;
  std::uint64_t since_stall_ = 0;
  Pipe* pipe_ = nullptr;
  http::ChunkDecoder decoder_;
};

}  // namespace gatehouse::worker
