// SPDX-License-Identifier: Apache-2.0
// Any of some texts, prefixes, globs and regular expressions. No text makes a match take long: a
// glob takes at most glob times text steps, regular expressions are RE2's (linear in the text).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proto/policy.pb.h"

namespace re2 {
class RE2;
}

namespace gatehouse::policy {

// '*': any octets, also none; everything else is itself.
bool glob_matches(std::string_view glob, std::string_view text);

// Why a regular expression is refused, as a clause; empty: it is right.
std::string regex_problem(std::string_view regex);

class TextPattern {
 public:
  static Result<TextPattern> make(const wire::PolicyTexts& texts);
  TextPattern(TextPattern&&) noexcept;
  TextPattern& operator=(TextPattern&&) noexcept;
  ~TextPattern();

  bool matches(std::string_view text) const;

 private:
  TextPattern();

  std::vector<std::string> exact_, prefixes_, globs_;
  std::vector<std::unique_ptr<re2::RE2>> regexes_;
};

}  // namespace gatehouse::policy
