// SPDX-License-Identifier: Apache-2.0
// Writing JSON (RFC 8259) for --json: values are built as text and nested by concatenation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::cli {

// In quotes, escaped; octets outside 0x20-0x7e as \u00XX.
std::string json_string(std::string_view text);
// Of texts that are JSON already.
std::string json_array(const std::vector<std::string>& items);

class JsonObject {
 public:
  JsonObject& raw(std::string_view key, std::string_view json);
  JsonObject& text(std::string_view key, std::string_view value);
  JsonObject& number(std::string_view key, long long value);
  JsonObject& flag(std::string_view key, bool value);
  std::string str() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

}  // namespace gatehouse::cli
