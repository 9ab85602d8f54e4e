// SPDX-License-Identifier: Apache-2.0
// The words of a command line: options with and without a value, and the rest.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gatehouse::cli {

struct Option {
  std::string_view name;  // "--json"
  bool takes_value;
};

class Arguments {
 public:
  // words: what stands after the command. "--name VALUE" and "--name=VALUE"; after "--" all are
  // positional. An error is a sentence.
  static Result<Arguments> parse(const std::vector<std::string>& words,
                                 const std::vector<Option>& options);

  bool has(std::string_view option) const { return values_.contains(std::string(option)); }
  // Of an option that is there several times the last one counts, but for all().
  std::string value(std::string_view option, std::string_view otherwise) const;
  std::vector<std::string> all(std::string_view option) const;
  const std::vector<std::string>& positional() const { return positional_; }

 private:
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> positional_;
};

// " (did you mean X?)", or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace gatehouse::cli
