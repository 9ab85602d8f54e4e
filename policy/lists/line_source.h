// SPDX-License-Identifier: Apache-2.0
// A file, read piece by piece and given out line by line, in fixed memory.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gatehouse::lists {

// Reads at most so many octets as fit; 0 at the end.
using ReadSome = std::function<Result<std::size_t>(std::span<char>)>;

inline constexpr std::size_t kMaxLine = 4096;                // octets
inline constexpr std::size_t kPiece = std::size_t{1} << 16;  // octets

class LineSource {
 public:
  explicit LineSource(ReadSome read) : read_(std::move(read)) {}

  // The beginning of the file: at most kPiece octets, all of it where it is shorter. Before next().
  Result<std::string_view> sample();

  struct Line {
    std::string_view text;  // without its end, valid until the next call
    bool cut = false;       // it is longer: text has its first kMaxLine octets
  };
  // Nothing at the end of the file.
  Result<std::optional<Line>> next();

  std::uint64_t octets() const { return octets_; }  // read so far

 private:
  Status fill();

  ReadSome read_;
  std::string buffer_;
  std::size_t at_ = 0;  // of what has not been given out
  bool ended_ = false;
  std::uint64_t octets_ = 0;
};

}  // namespace gatehouse::lists
