// SPDX-License-Identifier: Apache-2.0
#include "config/toml_text.h"

#include <cstdio>

namespace gatehouse::config {
namespace {

constexpr std::size_t kArrayWidth = 96;  // characters of a line before its array is broken
constexpr std::size_t kProseWidth = 1000;

// Takes one code point off the front of valid UTF-8 (RFC 3629).
std::uint32_t take_code_point(std::string_view* text) {
  const auto octet = [&](std::size_t at) { return static_cast<unsigned char>((*text)[at]); };
  const unsigned char first = octet(0);
  const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  std::uint32_t point = size == 1 ? first : first & (0x7fU >> size);
  for (std::size_t i = 1; i < size && i < text->size(); ++i) point = point << 6 | (octet(i) & 0x3f);
  text->remove_prefix(std::min(size, text->size()));
  return point;
}

std::string unicode_escape(std::uint32_t point) {
  char text[16];
  std::snprintf(text, sizeof text, point > 0xffff ? "\\U%08X" : "\\u%04X", point);
  return text;
}

// The inside of a string in three quotes.
std::string escape_prose(std::string_view value) {
  std::string result;
  std::size_t line = 0;  // where the current one begins
  while (!value.empty()) {
    const bool broken = result.size() - line > kProseWidth;
    if (broken) {
      // A backslash joins the next line, and eats the blanks at its start.
      result += "\\\n";
      line = result.size();
    }
    const std::uint32_t point = take_code_point(&value);
    const bool blank = point == ' ' || point == '\t' || point == '\n' || point == '\r';
    if (point == '\n' && !broken) {
      result += '\n';
      line = result.size();
    } else if (point == '\\') {
      result += "\\\\";
    } else if (point == '"' && (value.empty() || value[0] == '"')) {
      result += "\\\"";
    } else if (point > 0x7e || (point < 0x20 && point != '\t') || (blank && broken)) {
      result += unicode_escape(point);
    } else {
      result += static_cast<char>(point);
    }
  }
  return result;
}

}  // namespace

void TomlText::section(std::string_view header) {
  if (!text_.empty()) text_ += '\n';
  text_.append(header).append("\n");
}

void TomlText::raw(std::string_view key, std::string_view value) {
  text_.append(key).append(" = ").append(value).append("\n");
}

void TomlText::number(std::string_view key, std::uint64_t value) {
  raw(key, std::to_string(value));
}

void TomlText::text(std::string_view key, std::string_view value) {
  raw(key, '"' + std::string(value) + '"');
}

void TomlText::array(std::string_view key, const std::vector<std::string>& items) {
  std::string list;
  std::size_t line = 0;  // where the current one begins
  bool broken = false;
  for (const std::string& item : items) {
    if (!list.empty()) {
      list += ',';
      if (list.size() - line + item.size() > kArrayWidth) {
        list += "\n  ";
        line = list.size() - 2;
        broken = true;
      } else {
        list += ' ';
      }
    }
    list += item;
  }
  raw(key, broken ? "[\n  " + list + "\n]" : "[" + list + "]");
}

void TomlText::prose(std::string_view key, std::string_view value) {
  const bool lines = value.find('\n') != value.npos || value.size() > kProseWidth;
  // A newline right after the quotes is not part of the text.
  raw(key, value.empty()
               ? "\"\""
               : "\"\"\"" + std::string(lines ? "\n" : "") + escape_prose(value) + "\"\"\"");
}

}  // namespace gatehouse::config
