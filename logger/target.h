// SPDX-License-Identifier: Apache-2.0
// Where lines go: a file of ours, or a standard stream that we share. Bounded, never blocking.
//
// Invariants:
//  1. A line is kept whole or dropped whole, and every dropped one is counted. After the first
//     dropped one all are, until take_dropped(): a gap is in one place, and told there.
//  2. At most kMaxPending octets wait.
//  3. flush() doesn't wait for a reader. A stream shared with others may lack O_NONBLOCK (and must
//     not be given it: the flag is everybody's): it is polled before each write of at most
//     PIPE_BUF octets, which a pipe that polls writable takes whole (pipe(7)).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace gatehouse::logger {

inline constexpr std::size_t kMaxPending = std::size_t{1} << 20;  // octets

class Target {
 public:
  enum class Kind {
    kFile,        // opened by us, nonblocking; writes as much as is there
    kSharedFile,  // a regular file, which is always ready; never closed by us
    kStream,      // anything else that is shared: polls and writes little; never closed by us
  };

  Target() = default;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target() { leave_fd(); }

  // Lines from now on go to fd. What is pending moves along, without the rest of a line whose
  // beginning the old one got.
  void open(UniqueFd fd, Kind kind);
  // Nothing is wanted any more: what is pending goes, uncounted.
  void close();
  bool is_open() const { return fd_.valid(); }

  // One whole line, kept or dropped.
  void push(std::string_view line);
  // Lines were dropped and there is room for many again: time for take_dropped().
  bool has_gap() const { return dropped_ > 0 && pending() <= kMaxPending / 2; }

  // Writes what can be written now. Returns how many octets that were.
  std::size_t flush();
  std::size_t pending() const { return buffer_.size() - written_; }
  // errno of the last write that failed for another reason than want of room; 0 after a success.
  int error() const { return error_; }

  // Lines dropped since the last call; the next one is kept again.
  std::uint64_t take_dropped();

 private:
  void leave_fd();
  std::size_t next_piece() const;

  UniqueFd fd_;
  Kind kind_ = Kind::kFile;
  std::string buffer_;
  std::size_t written_ = 0;   // octets of buffer_ that are done
  bool within_line_ = false;  // the last octet written was not the end of a line
  std::uint64_t dropped_ = 0;
  int error_ = 0;
};

}  // namespace gatehouse::logger
