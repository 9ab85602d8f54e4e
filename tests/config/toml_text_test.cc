// SPDX-License-Identifier: Apache-2.0
// Whatever is written reads as the same.
#include "config/toml_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "config/toml_document.h"

namespace gatehouse::config {
namespace {

std::string read_back(const std::string& value) {
  TomlText out;
  out.prose("key", value);
  const std::string text = out.take();
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
    EXPECT_LE(end - begin, 1200U);
  }
  for (const char c : text) EXPECT_TRUE(c == '\n' || c == '\t' || (c >= 0x20 && c <= 0x7e));
  auto parsed = parse_toml(text);
  if (const auto* error = std::get_if<SyntaxError>(&parsed)) {
    ADD_FAILURE() << error->what << "\n" << text;
    return "";
  }
  return std::get<Node>(parsed).entries.at(0).value.text;
}

TEST(TomlText, ProseReadsAsItWasWritten) {
  const std::string values[] = {
      "",
      "one line",
      "\nbegins with a newline",
      "ends with one\n",
      "\"quotes\" \"\" \"\"\" \"\"\"\"\"\"\"",
      "back\\slash \\n \\",
      "tab\tand return\r\nand \x01 and \x7f",
      "\u00e9 \u20ac \U0001f600 \ue000",
      std::string(5000, 'x'),
      std::string(5000, ' '),
      std::string(1000, 'x') + "  \n\t " + std::string(1001, 'y') + "\n" + std::string(3000, '\n'),
      std::string(4000, '"'),
      std::string(4000, '\\'),
  };
  for (const std::string& value : values) EXPECT_EQ(read_back(value), value);
}

TEST(TomlText, EveryPlaceForALineBreak) {
  for (std::size_t before = 995; before < 1010; ++before) {
    for (const char* after : {" x", "\tx", "\nx", "\r\nx", "\"\"x", "\\x", "\u20acx"}) {
      const std::string value = std::string(before, 'a') + after;
      EXPECT_EQ(read_back(value), value);
    }
  }
}

TEST(TomlText, ArraysAreBrokenWhereTheyAreLong) {
  TomlText out;
  out.array("none", {});
  out.array("short", {"1", "2"});
  out.array("long", std::vector<std::string>(10, '"' + std::string(30, 'x') + '"'));
  const std::string text = out.take();
  EXPECT_EQ(text.substr(0, 28), "none = []\nshort = [1, 2]\nlon");
  const auto parsed = parse_toml(text);
  ASSERT_TRUE(std::holds_alternative<Node>(parsed));
  EXPECT_EQ(std::get<Node>(parsed).entries.at(2).value.items.size(), 10U);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3 + 6);
}

}  // namespace
}  // namespace gatehouse::config
