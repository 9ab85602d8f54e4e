// SPDX-License-Identifier: Apache-2.0
#include "logger/framing.h"

namespace gatehouse::logger {
namespace {

std::uint32_t octet_at(std::string_view octets, std::size_t i) {
  return static_cast<unsigned char>(octets[i]);
}

}  // namespace

Frame next_frame(std::string_view* octets, std::string_view* record) {
  if (octets->size() < kLengthOctets) return Frame::kIncomplete;
  const std::uint32_t length = octet_at(*octets, 0) | octet_at(*octets, 1) << 8 |
                               octet_at(*octets, 2) << 16 | octet_at(*octets, 3) << 24;
  if (length == 0 || length > kMaxRecord) return Frame::kBroken;
  if (octets->size() - kLengthOctets < length) return Frame::kIncomplete;
  *record = octets->substr(kLengthOctets, length);
  octets->remove_prefix(kLengthOctets + length);
  return Frame::kRecord;
}

std::optional<OpenedRecord> open_record(std::string_view record) {
  if (record.empty()) return std::nullopt;
  OpenedRecord opened;
  switch (octet_at(record, 0)) {  // field number << 3 | 2 (length-delimited)
    case 1 << 3 | 2:
      opened.kind = RecordKind::kAccess;
      break;
    case 2 << 3 | 2:
      opened.kind = RecordKind::kEvent;
      break;
    case 3 << 3 | 2:
      opened.kind = RecordKind::kDropped;
      break;
    default:
      return std::nullopt;
  }
  // The length as a varint; 3 octets hold more than kMaxRecord.
  std::size_t length = 0, i = 1;
  for (;; ++i) {
    if (i == record.size() || i > 3) return std::nullopt;
    length |= static_cast<std::size_t>(octet_at(record, i) & 0x7f) << (7 * (i - 1));
    if ((octet_at(record, i) & 0x80) == 0) break;
  }
  opened.body = record.substr(i + 1);
  if (opened.body.size() != length) return std::nullopt;
  return opened;
}

}  // namespace gatehouse::logger
