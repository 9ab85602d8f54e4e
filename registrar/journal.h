// SPDX-License-Identifier: Apache-2.0
// What survives a restart: records appended to one of two files, which take turns.
//
// Invariants:
//  1. A record is whole or not there: it has its length and checksum, and reading ends with the
//     first that lacks one. What follows is dropped, and overwritten by the next append.
//  2. A file counts once its header is there, which is written after all that it begins with is on
//     disk. Of two that count the one with the higher generation holds, so that compaction can be
//     cut off anywhere.
// Trusts: the disk, as far as checksums go. Not here: what records say (registry.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gatehouse::registrar {

inline constexpr std::size_t kMaxRecord = 4096;  // octets

class Journal {
 public:
  using Sink = std::function<void(std::string_view record)>;

  // Two files, read and write; new ones are empty.
  Journal(UniqueFd first, UniqueFd second) : files_{std::move(first), std::move(second)} {}

  // Once, before all else: calls take for every record.
  Status read(const Sink& take);
  // On an error nothing has been appended.
  Status append(std::string_view record);
  // On disk is what was appended before.
  Status sync();
  // Begins the other file with what fill gives to its sink, and goes on there. On an error all
  // stays as it was.
  Status compact(const std::function<void(const Sink&)>& fill);

  std::uint64_t size() const { return end_; }         // octets
  std::uint64_t dropped() const { return dropped_; }  // octets at the end that were no record

 private:
  Status begin(int file, std::uint64_t generation, const std::function<void(const Sink&)>& fill,
               std::uint64_t* end);

  UniqueFd files_[2];
  unsigned current_ = 0;
  std::uint64_t generation_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t dropped_ = 0;
};

// CRC-32C (RFC 3720 appendix B.4).
std::uint32_t checksum(std::string_view octets);

}  // namespace gatehouse::registrar
