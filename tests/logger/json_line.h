// SPDX-License-Identifier: Apache-2.0
// A strict parser of one flat JSON object (RFC 8259) that stands on one line, for tests.
#pragma once

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::logger {

// Key to value; a string's value is decoded to octets (escapes above 00ff are refused), a number or
// literal stays as written. Nothing unless the text is exactly one object.
class JsonLine {
 public:
  static std::optional<std::map<std::string, std::string>> parse(std::string_view text) {
    JsonLine line{text};
    auto result = line.object();
    if (result && !line.rest_.empty()) result.reset();
    return result;
  }

 private:
  explicit JsonLine(std::string_view text) : rest_(text) {}

  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<std::map<std::string, std::string>> object() {
    std::map<std::string, std::string> result;
    if (!take('{')) return std::nullopt;
    do {
      const auto key = string();
      if (!key || !take(':')) return std::nullopt;
      const auto value = !rest_.empty() && rest_[0] == '"' ? string() : literal();
      if (!value || !result.emplace(*key, *value).second) return std::nullopt;
    } while (take(','));
    if (!take('}')) return std::nullopt;
    return result;
  }

  std::optional<std::string> literal() {
    const std::size_t end = rest_.find_first_of(",}");
    const std::string text(rest_.substr(0, end));
    const bool number = !text.empty() && text.find_first_not_of("0123456789") == text.npos &&
                        (text.size() == 1 || text[0] != '0');
    if (!number && text != "true" && text != "false") return std::nullopt;
    rest_.remove_prefix(text.size());
    return text;
  }

  std::optional<std::string> string() {
    std::string result;
    if (!take('"')) return std::nullopt;
    while (!take('"')) {
      if (rest_.empty()) return std::nullopt;
      const unsigned char c = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      if (c < 0x20 || c > 0x7e) return std::nullopt;
      if (c != '\\') {
        result += static_cast<char>(c);
      } else if (take('"')) {
        result += '"';
      } else if (take('\\')) {
        result += '\\';
      } else if (take('u') && rest_.size() >= 4 && rest_.substr(0, 2) == "00") {
        const std::string hex(rest_.substr(2, 2));
        if (hex.find_first_not_of("0123456789abcdef") != hex.npos) return std::nullopt;
        result += static_cast<char>(std::strtoul(hex.c_str(), nullptr, 16));
        rest_.remove_prefix(4);
      } else {
        return std::nullopt;
      }
    }
    return result;
  }

  std::string_view rest_;
};

}  // namespace gatehouse::logger
