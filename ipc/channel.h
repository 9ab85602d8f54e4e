// SPDX-License-Identifier: Apache-2.0
// One end of an AF_UNIX SOCK_SEQPACKET pair: datagrams with at most a few descriptors.
//
// Runs in: every process. Trusts: nothing the peer sends.
// Invariants:
//  1. A received descriptor belongs to its Message and dies with it unless taken.
//  2. A message that is too long, carries more descriptors than allowed, or lost some
//     (MSG_TRUNC, MSG_CTRUNC) is reported as a violation, and all its descriptors are closed.
//  3. Nothing blocks: the socket is nonblocking, and send() reports a full queue.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gatehouse::ipc {

inline constexpr std::size_t kMaxMessage = 4096;  // octets; the longest message is a StatusReply
inline constexpr std::size_t kMaxFds = 16;        // of a batch of requests or answers

struct Message {
  std::array<char, kMaxMessage> buffer;
  std::size_t size = 0;
  std::array<UniqueFd, kMaxFds> fds;
  std::size_t fd_count = 0;
  pid_t sender = 0;  // kernel-stamped pid where SO_PASSCRED is on, else 0

  std::string_view bytes() const { return {buffer.data(), size}; }
};

enum class Receive {
  kMessage,    // *message is filled
  kEmpty,      // nothing there now
  kClosed,     // the peer is gone, or sent an empty datagram (the two can't be told apart)
  kViolation,  // too long, too many descriptors, or descriptors lost
};

// Receives one datagram with at most max_fds descriptors.
Receive receive(int channel, Message* message, std::size_t max_fds);

enum class Send {
  kSent,
  kFull,       // the peer has not read what is queued
  kExhausted,  // no memory, or too many descriptors on their way (unix(7), ETOOMANYREFS)
  kClosed,     // the peer is gone
};

// Sends one datagram (never empty, at most kMaxMessage octets) with descriptors, which stay the
// caller's.
Send send(int channel, std::string_view bytes, std::span<const int> fds = {});

struct Pair {
  UniqueFd ours;
  UniqueFd theirs;
};
// Both ends nonblocking and close-on-exec.
Result<Pair> make_pair();

}  // namespace gatehouse::ipc
