// SPDX-License-Identifier: Apache-2.0
#include "logger/escape.h"

#include <gtest/gtest.h>

#include "tests/logger/json_line.h"

namespace gatehouse::logger {
namespace {

std::string json(std::string_view octets, std::size_t limit = 1000) {
  std::string out;
  append_json_octets(octets, limit, &out);
  return out;
}

std::string text(std::string_view octets, std::size_t limit = 1000) {
  std::string out;
  append_text_octets(octets, limit, &out);
  return out;
}

TEST(Escape, PlainOctetsStay) {
  EXPECT_EQ(json("/a?b=c&d=~'"), "/a?b=c&d=~'");
  EXPECT_EQ(text("/a?b=c&d=~'"), "/a?b=c&d=~'");
  EXPECT_EQ(json(""), "");
}

TEST(Escape, QuotesBackslashesAndControlOctets) {
  EXPECT_EQ(json("a\"b\\c\nd\x7f"), "a\\\"b\\\\c\\u000ad\\u007f");
  EXPECT_EQ(text("a\"b\\c\nd\x7f"), "a\\x22b\\x5cc\\x0ad\\x7f");
  EXPECT_EQ(json("\xc3\xa9"), "\\u00c3\\u00a9");
}

TEST(Escape, EveryOctetComesBackAsItWas) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const auto parsed = JsonLine::parse("{\"a\":\"" + json(all) + "\"}");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->at("a"), all);
  for (const char c : text(all)) EXPECT_TRUE(c >= 0x20 && c <= 0x7e && c != '"');
}

TEST(Escape, LongOnesAreCutBeforeEscaping) {
  EXPECT_EQ(json("abcdef", 6), "abcdef");
  EXPECT_EQ(json("abcdefg", 6), "abcdef...");
  EXPECT_EQ(text(std::string(10, '\n'), 2), "\\x0a\\x0a...");
}

}  // namespace
}  // namespace gatehouse::logger
