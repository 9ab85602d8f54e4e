// SPDX-License-Identifier: Apache-2.0
#include "worker/body_flow.h"

#include <gtest/gtest.h>

#include <random>

namespace gatehouse::worker {
namespace {

using http::Framing;

std::string text(Parts& parts) {
  std::string result;
  for (const iovec& part : parts.span()) {
    result.append(static_cast<const char*>(part.iov_base), part.iov_len);
  }
  return result;
}

// Feeds the input in pieces and returns what would be sent; *consumed: how much was taken.
std::string feed(BodyFlow& flow, std::string_view input, std::size_t piece, std::size_t* consumed) {
  std::string result;
  *consumed = 0;
  std::size_t end = 0;
  while (!flow.done() && flow.refusal() == http::Refusal::kNone && *consumed < input.size()) {
    end = std::min(input.size(), std::max(end, *consumed) + piece);
    while (*consumed < end && !flow.done()) {
      Parts parts;
      const std::size_t n = flow.take(input.substr(*consumed, end - *consumed), &parts);
      result += text(parts);
      if (n == 0) break;
      *consumed += n;
    }
    if (flow.refusal() != http::Refusal::kNone) break;
  }
  return result;
}

TEST(BodyFlow, LengthTakesExactlyItsOctets) {
  BodyFlow flow;
  flow.begin(Framing::kLength, Framing::kLength, 10, false, 0);
  EXPECT_FALSE(flow.end_of_source());
  std::size_t consumed;
  EXPECT_EQ(feed(flow, "0123456789GET / HTTP/1.1", 4, &consumed), "0123456789");
  EXPECT_EQ(consumed, 10u);
  EXPECT_TRUE(flow.done());
  EXPECT_EQ(flow.taken(), 10u);
}

TEST(BodyFlow, NothingToCome) {
  BodyFlow flow;
  EXPECT_TRUE(flow.done());
  flow.begin(Framing::kLength, Framing::kLength, 0, false, 0);
  EXPECT_TRUE(flow.done());
  Parts parts;
  EXPECT_EQ(flow.take("x", &parts), 0u);
  EXPECT_EQ(parts.count(), 0u);
}

TEST(BodyFlow, UntilCloseEndsWithTheSource) {
  BodyFlow flow;
  flow.begin(Framing::kUntilClose, Framing::kUntilClose, 0, false, 0);
  std::size_t consumed;
  EXPECT_EQ(feed(flow, "abc", 2, &consumed), "abc");
  EXPECT_FALSE(flow.done());
  EXPECT_TRUE(flow.end_of_source());
  EXPECT_TRUE(flow.done());
}

TEST(BodyFlow, NothingGoesOnBeyondTheLimit) {
  for (const Framing framing : {Framing::kUntilClose, Framing::kChunked}) {
    BodyFlow flow;
    flow.begin(framing, framing, 0, false, 10);
    const bool chunked = framing == Framing::kChunked;
    Parts parts;
    flow.take(chunked ? "a\r\n0123456789\r\n" : "0123456789", &parts);
    EXPECT_EQ(flow.refusal(), http::Refusal::kNone);
    EXPECT_FALSE(flow.may_splice());
    Parts more;
    flow.take(chunked ? "1\r\nx" : "x", &more);
    EXPECT_EQ(flow.refusal(), http::Refusal::kBodyTooLong);
    EXPECT_EQ(text(more).find('x'), std::string::npos);
    EXPECT_FALSE(flow.done());
  }
}

TEST(BodyFlow, ChunksAreFramedAnewOneForEachBlock) {
  BodyFlow flow;
  flow.begin(Framing::kChunked, Framing::kChunked, 0, false, 0);
  std::size_t consumed;
  const std::string input = "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\nNEXT";
  EXPECT_EQ(feed(flow, input, input.size(), &consumed), "5\r\nabcde\r\n0\r\n\r\n");
  EXPECT_EQ(consumed, input.size() - 4);
  EXPECT_TRUE(flow.done());
  Parts again;
  EXPECT_EQ(flow.take("x", &again), 0u);
  EXPECT_EQ(again.count(), 0u);
}

TEST(BodyFlow, TrailersGoOnWhereAllowed) {
  BodyFlow flow;
  flow.begin(Framing::kChunked, Framing::kChunked, 0, true, 0);
  std::size_t consumed;
  const std::string input = "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n";
  EXPECT_EQ(feed(flow, input, input.size(), &consumed), "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n");
}

TEST(BodyFlow, ChunkedToUntilCloseIsBare) {
  BodyFlow flow;
  flow.begin(Framing::kChunked, Framing::kUntilClose, 0, false, 0);
  std::size_t consumed;
  EXPECT_EQ(feed(flow, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 1, &consumed), "abcde");
  EXPECT_TRUE(flow.done());
}

TEST(BodyFlow, MalformedAndTruncatedChunks) {
  BodyFlow flow;
  flow.begin(Framing::kChunked, Framing::kChunked, 0, false, 0);
  std::size_t consumed;
  feed(flow, "3\r\nabcX", 100, &consumed);
  EXPECT_EQ(flow.refusal(), http::Refusal::kBadChunk);
  EXPECT_FALSE(flow.done());
  flow.begin(Framing::kChunked, Framing::kChunked, 0, false, 0);
  feed(flow, "3\r\nab", 100, &consumed);
  EXPECT_FALSE(flow.end_of_source());
}

// However the source cuts its chunks and the network its blocks, what leaves decodes to the same.
TEST(BodyFlow, AnyChunksInAnyBlocksKeepTheContent) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::string content, input;
    for (int i = 0, n = static_cast<int>(random() % 300); i < n; ++i) {
      const std::string data(1 + random() % (random() % 10 == 0 ? 5000 : 7), 'a' + i % 26);
      char size[32];
      snprintf(size, sizeof size, "%zx\r\n", data.size());
      input += size + data + "\r\n";
      content += data;
    }
    input += "0\r\n\r\n";
    BodyFlow flow;
    flow.begin(Framing::kChunked, Framing::kChunked, 0, false, 0);
    std::size_t consumed;
    const std::string output = feed(flow, input, 1 + random() % 9000, &consumed);
    ASSERT_TRUE(flow.done());
    ASSERT_EQ(consumed, input.size());
    BodyFlow back;
    back.begin(Framing::kChunked, Framing::kUntilClose, 0, false, 0);
    EXPECT_EQ(feed(back, output, output.size(), &consumed), content);
    EXPECT_TRUE(back.done());
    EXPECT_EQ(consumed, output.size());
  }
}

TEST(BodyFlow, WindowGrowsOnlyForASinkThatTakesEverything) {
  BodyFlow flow;
  flow.begin(Framing::kUntilClose, Framing::kUntilClose, 0, false, 0);
  EXPECT_EQ(flow.window(), BodyFlow::kUsualWindow);
  for (int i = 0; i < 200; ++i) flow.adapt_window(true, true);
  EXPECT_EQ(flow.window(), BodyFlow::kLargeWindow);
  for (int i = 0; i < 10; ++i) flow.adapt_window(false, true);
  EXPECT_EQ(flow.window(), BodyFlow::kSmallWindow);
  flow.adapt_window(true, false);
  EXPECT_EQ(flow.window(), BodyFlow::kSmallWindow);
  for (int i = 0; i < 10; ++i) flow.adapt_window(true, true);
  EXPECT_EQ(flow.window(), BodyFlow::kUsualWindow);
}

TEST(BodyFlow, SpliceOnlyForLongIdenticallyFramedBodies) {
  BodyFlow flow;
  flow.begin(Framing::kLength, Framing::kLength, BodyFlow::kSpliceFrom, false, 0);
  EXPECT_TRUE(flow.may_splice());
  EXPECT_EQ(flow.splice_size(1 << 20), BodyFlow::kSpliceFrom);
  flow.spliced(BodyFlow::kSpliceFrom);
  EXPECT_TRUE(flow.done());
  flow.begin(Framing::kChunked, Framing::kChunked, 0, false, 0);
  EXPECT_FALSE(flow.may_splice());
  flow.begin(Framing::kUntilClose, Framing::kUntilClose, 0, false, 0);
  EXPECT_FALSE(flow.may_splice());
  flow.spliced(BodyFlow::kSpliceFrom);
  EXPECT_TRUE(flow.may_splice());
}

}  // namespace
}  // namespace gatehouse::worker
