// SPDX-License-Identifier: Apache-2.0
// What is wrong with rule files, as the sentences that people read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/language/document.h"

namespace gatehouse::policy {

// So many are shown; the rest is counted.
inline constexpr std::size_t kMaxFindings = 20;

// Invariant: every sentence is printable ASCII without a newline, whatever was in the files.
class Findings {
 public:
  void add(const Place& place, std::string_view what);
  bool empty() const { return found_.empty(); }
  // "FILE:LINE:COLUMN: what", in the order of files and lines.
  std::vector<std::string> sentences(const std::vector<std::string>& files) const;

 private:
  struct Found {
    Place place;
    std::string text;
  };
  std::vector<Found> found_;
  std::size_t count_ = 0;
};

// `"text"`, printable and shortened.
std::string in_quotes(std::string_view text);

}  // namespace gatehouse::policy
