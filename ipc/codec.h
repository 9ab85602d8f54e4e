// SPDX-License-Identifier: Apache-2.0
// Strict reading and writing of one protobuf message per datagram.
//
// protobuf-lite keeps unknown fields silently, and counts them in ByteSizeLong(). So decode() asks
// for them, and compares the re-encoded size with the received one, which refuses every encoding
// that is not the shortest. Trusts: nothing.
#pragma once

#include <google/protobuf/message_lite.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "ipc/channel.h"

namespace gatehouse::ipc {

// Reaches what lite messages keep but don't show.
class UnknownFields : google::protobuf::MessageLite {
 public:
  static bool in(const google::protobuf::MessageLite& message) {
    return (message.*&UnknownFields::_internal_metadata_).have_unknown_fields();
  }
};

// True when none of these messages holds an unknown field; not about messages inside them.
template <class... M>
bool all_known(const M&... messages) {
  return !(UnknownFields::in(messages) || ...);
}

// True: *message holds what bytes say, in its only encoding and without unknown fields of its own;
// of the messages inside it the receiver of hostile ones asks all_known(). M: a flat LITE_RUNTIME
// message with a oneof `body`.
template <class M>
[[nodiscard]] bool decode(std::string_view bytes, M* message) {
  message->Clear();
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
         message->body_case() != 0 && message->ByteSizeLong() == bytes.size() &&
         all_known(*message);
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
