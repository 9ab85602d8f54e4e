// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/line_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace gatehouse::lists {
namespace {

struct Lines {
  std::vector<std::string> texts;
  std::vector<bool> cut;
};

// As a file that gives step octets at a time.
Lines lines_of(const std::string& text, std::size_t step, bool sample_first) {
  std::size_t at = 0;
  LineSource source([&](std::span<char> to) -> Result<std::size_t> {
    const std::size_t size = text.copy(to.data(), std::min(step, to.size()), at);
    at += size;
    return size;
  });
  EXPECT_TRUE(!sample_first || source.sample());
  Lines lines;
  for (;;) {
    const auto line = source.next();
    if (!line || !*line) break;
    lines.texts.emplace_back((*line)->text);
    lines.cut.push_back((*line)->cut);
  }
  EXPECT_EQ(source.octets(), text.size());
  return lines;
}

TEST(LineSource, LinesOfAnyPieces) {
  const std::string text = "one\n\ntwo\r\nthree";
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{5}, kPiece}) {
    for (const bool sample : {false, true}) {
      EXPECT_EQ(lines_of(text, step, sample).texts,
                (std::vector<std::string>{"one", "", "two\r", "three"}));
    }
  }
  EXPECT_TRUE(lines_of("", kPiece, true).texts.empty());
  EXPECT_EQ(lines_of("\n", kPiece, true).texts, std::vector<std::string>{""});
}

TEST(LineSource, ALongLineIsCutAndItsRestDropped) {
  const std::string fits(kMaxLine, 'a');
  for (const std::size_t more : {std::size_t{1}, kMaxLine, 3 * kPiece}) {
    const std::string text =
        "before\n" + fits + std::string(more, 'b') + "\nafter\n" + fits + "\n" + fits + "c";
    for (const std::size_t step : {std::size_t{1000}, kPiece}) {
      const Lines lines = lines_of(text, step, true);
      EXPECT_EQ(lines.texts, (std::vector<std::string>{"before", fits, "after", fits, fits}));
      EXPECT_EQ(lines.cut, (std::vector<bool>{false, true, false, false, true}));
    }
  }
}

TEST(LineSource, AByteOrderMarkIsNoText) {
  EXPECT_EQ(lines_of("\xef\xbb\xbfone\n", kPiece, true).texts, std::vector<std::string>{"one"});
}

TEST(LineSource, AnErrorOfTheFileIsPassedOn) {
  LineSource source([](std::span<char>) -> Result<std::size_t> { return Error{5, "no"}; });
  const auto line = source.next();
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().what, "no");
}

}  // namespace
}  // namespace gatehouse::lists
