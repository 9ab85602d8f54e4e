// SPDX-License-Identifier: Apache-2.0
#include "cli/logs/reader.h"

#include <algorithm>
#include <cstring>

namespace gatehouse::logs {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 20;  // octets read at once
constexpr std::size_t kMaxJunk = 10;                   // lines that are named
static_assert(kMaxLine < kBuffer);

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

// Squid's lines begin with seconds and a fraction; no IP address has digits and one dot.
Format format_of(std::string_view line) {
  if (line.starts_with('{')) return Format::kJson;
  const std::string_view first = line.substr(0, line.find_first_of(" \t"));
  const bool number = !first.empty() && std::all_of(first.begin(), first.end(),
                                                    [](char c) { return is_digit(c) || c == '.'; });
  return number && std::count(first.begin(), first.end(), '.') == 1 ? Format::kSquid
                                                                    : Format::kCombined;
}

Reader::Reader(std::function<Result<std::size_t>(char*, std::size_t)> read)
    : read_(std::move(read)),
      parsers_{make_json_parser(), make_combined_parser(), make_squid_parser()},
      buffer_(kBuffer, '\0') {}

Reader::~Reader() = default;

// More octets behind those that are there; false at the end.
bool Reader::fill() {
  if (ended_) return false;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const auto got = read_(buffer_.data() + end_, buffer_.size() - end_);
  if (!got) problem_ = got.error().what;
  ended_ = !got || *got == 0;
  if (ended_) return false;
  end_ += *got;
  octets_ += *got;
  return true;
}

// Without its end, at most kMaxLine + 1 octets of it.
std::optional<std::string_view> Reader::next_line() {
  std::size_t looked = begin_;
  bool skipping = false;  // the rest of a line that is too long
  for (;;) {
    const auto* found =
        static_cast<const char*>(std::memchr(buffer_.data() + looked, '\n', end_ - looked));
    const std::size_t end =
        found != nullptr ? static_cast<std::size_t>(found - buffer_.data()) : end_;
    if (found != nullptr && !skipping) {
      const std::string_view line(buffer_.data() + begin_, end - begin_);
      begin_ = end + 1;
      return line.substr(0, kMaxLine + 1);
    }
    if (found != nullptr) {
      begin_ = end + 1;
      return std::string_view(buffer_).substr(0, kMaxLine + 1);
    }
    skipping |= end_ - begin_ > kMaxLine;
    if (skipping) begin_ = end_;
    const std::size_t kept = end_ - begin_;
    if (!fill()) {
      if (!skipping && kept == 0) return std::nullopt;
      const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
      begin_ = end_;
      return skipping ? std::string_view(buffer_).substr(0, kMaxLine + 1) : rest;
    }
    looked = begin_ + kept;
  }
}

void Reader::add_junk(const char* why) {
  ++junk_count_;
  if (junk_.size() < kMaxJunk) junk_.push_back({line_, why});
}

const Record* Reader::next() {
  while (auto line = next_line()) {
    ++line_;
    if (line->ends_with('\r')) line->remove_suffix(1);
    if (line->empty()) continue;
    if (line->size() > kMaxLine) {
      add_junk("it is longer than 128 KiB");
      continue;
    }
    const Format format = format_of(*line);
    record_ = {};
    record_.format = format;
    std::uint64_t count = 0;
    const char* why = "";
    switch (parsers_[static_cast<std::size_t>(format)]->parse(*line, &record_, &count, &why)) {
      case Line::kRecord:
        return &record_;
      case Line::kDropped:
        dropped_ += count;
        break;
      case Line::kJunk:
        add_junk(why);
    }
  }
  return nullptr;
}

}  // namespace gatehouse::logs
