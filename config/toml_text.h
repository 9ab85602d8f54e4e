// SPDX-License-Identifier: Apache-2.0
// Writes TOML: sections, keys and values, in printable ASCII and in lines of at most 1,200 octets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::config {

class TomlText {
 public:
  // "[log]" or "[[listen]]".
  void section(std::string_view header);
  void number(std::string_view key, std::uint64_t value);
  // value never needs escapes: names, addresses, tokens and quantities.
  void text(std::string_view key, std::string_view value);
  // items as TOML already: numbers, or texts in quotes. Broken into lines where it is long.
  void array(std::string_view key, const std::vector<std::string>& items);
  // Any UTF-8; in three quotes where it has more than one line.
  void prose(std::string_view key, std::string_view value);
  std::string take() { return std::move(text_); }

 private:
  void raw(std::string_view key, std::string_view value);

  std::string text_;
};

}  // namespace gatehouse::config
