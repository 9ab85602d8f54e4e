// SPDX-License-Identifier: Apache-2.0
// Octets from a log pipe as records (proto/log.proto).
//
// Trusts: nothing; a worker may be anybody's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gatehouse::logger {

inline constexpr std::size_t kLengthOctets = 4;
inline constexpr std::size_t kMaxRecord = 16 * 1024;

enum class Frame {
  kRecord,      // *record is the next one, *octets what follows
  kIncomplete,  // more octets are needed
  kBroken,      // the length is 0 or above kMaxRecord: nothing after it can be trusted
};
Frame next_frame(std::string_view* octets, std::string_view* record);

enum class RecordKind { kAccess, kEvent, kDropped };

// A LogRecord opened by hand: its body is decoded into a message that is used again and again,
// where protobuf would allocate a new one for each record.
struct OpenedRecord {
  RecordKind kind;
  std::string_view body;
};
// Nothing unless it is exactly one field of the oneof.
std::optional<OpenedRecord> open_record(std::string_view record);

}  // namespace gatehouse::logger
