// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/line_source.h"

#include <algorithm>

namespace gatehouse::lists {

Status LineSource::fill() {
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t have = buffer_.size();
  buffer_.resize(have + kPiece);
  const auto got = read_(std::span(buffer_).subspan(have));
  if (!got) return got.error();
  buffer_.resize(have + *got);
  octets_ += *got;
  ended_ = *got == 0;
  return ok();
}

Result<std::string_view> LineSource::sample() {
  while (!ended_ && buffer_.size() < kPiece) {
    if (auto status = fill(); !status) return status.error();
  }
  if (buffer_.starts_with("\xef\xbb\xbf")) at_ = 3;  // a byte order mark
  return std::string_view(buffer_).substr(at_, kPiece);
}

Result<std::optional<LineSource::Line>> LineSource::next() {
  Line line;
  std::size_t end = buffer_.find('\n', at_);
  while (end == buffer_.npos && !ended_ && buffer_.size() - at_ <= kMaxLine) {
    if (auto status = fill(); !status) return status.error();
    end = buffer_.find('\n', at_);
  }
  if (at_ == buffer_.size()) return std::optional<Line>();
  std::size_t size = std::min(end, buffer_.size()) - at_;
  line.cut = size > kMaxLine;
  if (line.cut && end == buffer_.npos) {
    // Its rest is dropped piece by piece; the beginning is kept in front.
    const std::string beginning = buffer_.substr(at_, kMaxLine);
    while (end == buffer_.npos && !ended_) {
      at_ = buffer_.size();
      if (auto status = fill(); !status) return status.error();
      end = buffer_.find('\n');
    }
    buffer_.replace(0, std::min(end, buffer_.size()), beginning);
    at_ = 0;
    end = end == buffer_.npos ? end : kMaxLine;
    size = kMaxLine;
  }
  line.text = std::string_view(buffer_).substr(at_, std::min(size, kMaxLine));
  at_ = end == buffer_.npos ? buffer_.size() : std::min(end, buffer_.size()) + 1;
  return std::optional<Line>(line);
}

}  // namespace gatehouse::lists
