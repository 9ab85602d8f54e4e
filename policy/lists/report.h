// SPDX-License-Identifier: Apache-2.0
// What became of each file of a list, for people.
//
// Invariant: every sentence is printable ASCII without a newline, whatever was in the file.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/lists/fault.h"
#include "policy/lists/form.h"

namespace gatehouse::lists {

// So many lines are named for each fault, and so many duplicates; all are counted.
inline constexpr std::size_t kSamples = 3;

// The beginning of text, other octets than printable ASCII as \xHH.
std::string printable(std::string_view text);

struct FileReport {
  std::string list;
  std::string file;
  Form form = Form::kPlain;
  bool detected = false;  // the form was found out, not told
  std::uint64_t octets = 0;
  std::uint64_t lines = 0;
  std::uint64_t entries = 0;                    // of names, URLs or networks, duplicates among them
  std::uint64_t duplicates = 0;                 // say nothing that the list does not say already
  std::array<std::uint64_t, kFaults> faults{};  // by Fault
  std::vector<std::string> samples;             // sentences: "FILE:LINE: ..."

  std::uint64_t junk() const;         // lines or parts of lines of no use in any list
  std::uint64_t unsupported() const;  // right, but without a meaning here

  void add_fault(std::uint64_t line, Fault fault, std::string_view text);
  // of: "FILE:LINE" of what says the same.
  void add_duplicate(std::uint64_t line, std::string_view of);

  // "FILE: plain form (detected), 12 lines: 10 entries, 1 duplicate, 1 line of junk, 0 not
  // supported".
  std::string summary() const;
};

}  // namespace gatehouse::lists
