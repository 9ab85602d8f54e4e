// SPDX-License-Identifier: Apache-2.0
// What a replay has found, counted and for people.
//
// Invariant: text() is printable ASCII in lines, whatever was in the log.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/logs/reader.h"
#include "cli/replay_judge.h"
#include "cli/tally.h"

namespace gatehouse::cli {

class ReplayReport {
 public:
  // So many changes are shown one by one, and so many rows of each table.
  ReplayReport(std::size_t changes, std::size_t rows) : most_changes_(changes), most_rows_(rows) {}

  void add(const logs::Record& record, std::uint64_t line, const Judgement& judgement,
           const std::vector<const policy::Rule*>& effects);
  std::uint64_t records() const { return records_; }
  std::uint64_t changes() const { return count(Change::kNowDenied) + count(Change::kNowAllowed); }
  std::string text(const logs::Reader& log) const;

 private:
  std::uint64_t count(Change change) const { return counts_[static_cast<std::size_t>(change)]; }
  void add_change(const logs::Record& record, std::uint64_t line, const Judgement& judgement);
  std::string summary() const;
  std::string unclear() const;
  std::string table(std::string_view head, const Tally<2>& tally) const;

  std::size_t most_changes_, most_rows_;
  std::uint64_t records_ = 0, counts_[5] = {};
  std::int64_t first_ = 0, last_ = 0;  // times
  std::uint64_t missing_[6] = {};      // unclear records, by bit of Missing
  Tally<2> rules_, clients_, hosts_;   // now denied, now allowed
  Tally<1> audits_;
  std::string shown_;
};

}  // namespace gatehouse::cli
