// SPDX-License-Identifier: Apache-2.0
// Access logs line by line: ours in both formats (docs/logging.md), and Squid's native one.
//
// Runs in: the confined child of the command line. Trusts: nothing; lines are whatever peers sent
// and whoever wrote to the file. Memory: one line, of at most kMaxLine octets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/logs/record.h"

namespace gatehouse::logs {

// A record of ours with every octet escaped has up to 85,000 octets.
inline constexpr std::size_t kMaxLine = std::size_t{128} * 1024;

enum class Line : std::uint8_t {
  kRecord,
  kDropped,  // says that records are missing
  kJunk,     // says nothing that is understood
};

// One line of one format.
class LineParser {
 public:
  virtual ~LineParser() = default;
  // Fills in *record, or *count of kDropped, or *why of kJunk, a clause.
  virtual Line parse(std::string_view line, Record* record, std::uint64_t* count,
                     const char** why) = 0;
};
std::unique_ptr<LineParser> make_json_parser();
std::unique_ptr<LineParser> make_combined_parser();
std::unique_ptr<LineParser> make_squid_parser();

// By its first octets; every line for itself, so that files may be joined.
Format format_of(std::string_view line);

struct Junk {
  std::uint64_t line;
  const char* why;
};

class Reader {
 public:
  // read: as read(2), without errors of the kind that goes away by itself.
  explicit Reader(std::function<Result<std::size_t>(char* to, std::size_t most)> read);
  ~Reader();

  // The next record; nothing: the end, or the log can't be read (problem()).
  const Record* next();

  std::uint64_t line() const { return line_; }        // number of the last one, from 1
  std::uint64_t octets() const { return octets_; }    // that were read
  std::uint64_t dropped() const { return dropped_; }  // records that the log says are missing
  std::uint64_t junk_count() const { return junk_count_; }
  const std::vector<Junk>& junk() const { return junk_; }  // the first lines of it
  const std::string& problem() const { return problem_; }  // empty: none

 private:
  bool fill();
  std::optional<std::string_view> next_line();
  void add_junk(const char* why);

  std::function<Result<std::size_t>(char*, std::size_t)> read_;
  std::unique_ptr<LineParser> parsers_[3];  // by Format
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0;  // of what is in buffer_ and not yet looked at
  bool ended_ = false;
  Record record_;
  std::uint64_t line_ = 0, octets_ = 0, dropped_ = 0, junk_count_ = 0;
  std::vector<Junk> junk_;
  std::string problem_;
};

}  // namespace gatehouse::logs
