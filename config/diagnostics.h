// SPDX-License-Identifier: Apache-2.0
// The mistakes found in one configuration text, as the sentences that people read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/toml_document.h"

namespace gatehouse::config {

// So many mistakes are shown; the rest is counted.
inline constexpr std::size_t kMaxShown = 20;

// Invariant: every sentence is printable ASCII without a newline, whatever was in the text.
class Diagnostics {
 public:
  // "FILE:LINE:COLUMN: WHERE: what". where: "[log] file", or empty.
  void add(Position position, std::string_view where, std::string_view what);

  bool empty() const { return found_.empty(); }
  // In the order of the text, at most kMaxShown and then one that counts the rest.
  std::vector<std::string> sentences(std::string_view file_name) const;

 private:
  struct Found {
    Position position;
    std::string text;
  };
  std::vector<Found> found_;
};

// The sentences, one a line, in at most limit octets (500 or more); a last line says where some
// did not fit.
std::string join_sentences(const std::vector<std::string>& sentences, std::size_t limit);

}  // namespace gatehouse::config
