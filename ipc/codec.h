// SPDX-License-Identifier: Apache-2.0
// Strict reading and writing of one protobuf message per datagram.
//
// protobuf-lite keeps unknown fields silently; comparing the re-encoded size with the received one
// refuses them, as well as every non-canonical encoding. Trusts: nothing.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "ipc/channel.h"

namespace gatehouse::ipc {

// True: *message holds exactly what bytes say. M: a flat LITE_RUNTIME message with a oneof `body`.
template <class M>
[[nodiscard]] bool decode(std::string_view bytes, M* message) {
  message->Clear();
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
         message->body_case() != 0 && message->ByteSizeLong() == bytes.size();
}

// Encodes and sends. A message of ours that is longer than kMaxMessage is a bug.
template <class M>
Send send_message(int channel, const M& message, std::span<const int> fds = {}) {
  std::array<char, kMaxMessage> buffer;
  const std::size_t size = message.ByteSizeLong();
  CHECK(size <= buffer.size());
  CHECK(message.SerializeToArray(buffer.data(), static_cast<int>(buffer.size())));
  return send(channel, {buffer.data(), size}, fds);
}

}  // namespace gatehouse::ipc
