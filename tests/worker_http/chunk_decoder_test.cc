// SPDX-License-Identifier: Apache-2.0
#include "worker/http/chunk_decoder.h"

#include <gtest/gtest.h>

#include <string>

namespace gatehouse::worker::http {
namespace {

struct Decoded {
  ChunkStatus status = ChunkStatus::kNeedMore;
  Refusal refusal = Refusal::kNone;
  std::string data;
  std::string rewrapped;
  std::string trailers;
  std::size_t consumed = 0;
  bool operator==(const Decoded&) const = default;
};

// Decodes octets handed over in blocks of the given size.
Decoded decode(std::string_view octets, std::size_t block_size, ChunkLimits limits = {}) {
  ChunkDecoder decoder(true, limits);
  Decoded result;
  while (!octets.empty() && result.status != ChunkStatus::kEnd &&
         result.status != ChunkStatus::kRefused) {
    std::string_view block = octets.substr(0, block_size);
    octets.remove_prefix(block.size());
    do {
      const ChunkStep step = decoder.decode(block);
      block.remove_prefix(step.consumed);
      result.consumed += step.consumed;
      result.status = step.status;
      result.data.append(step.data);
      if (step.chunk_begins) result.rewrapped.append(encode_chunk_size(step.chunk_begins).view());
      result.rewrapped.append(step.data);
      if (step.chunk_ends) result.rewrapped.append(kChunkEnd);
    } while (result.status == ChunkStatus::kData);
  }
  result.refusal = decoder.refusal();
  result.trailers = decoder.trailers();
  EXPECT_EQ(decoder.total(), result.data.size());
  return result;
}

// The result, which must be the same for every block size.
Decoded decode_all(const std::string& octets, ChunkLimits limits = {}) {
  Decoded whole = decode(octets, octets.size(), limits);
  for (std::size_t size = 1; size < std::min<std::size_t>(octets.size(), 40); ++size) {
    EXPECT_EQ(decode(octets, size, limits), whole) << "blocks of " << size;
  }
  return whole;
}

TEST(ChunkDecoder, DecodesAndRewraps) {
  const Decoded result =
      decode_all("5;a=b ; c = \"\\\"d;\"\r\nhello\r\n0A\r\n0123456789\r\n0\r\n\r\nNEXT");
  EXPECT_EQ(result.status, ChunkStatus::kEnd);
  EXPECT_EQ(result.data, "hello0123456789");
  EXPECT_EQ(result.rewrapped, "5\r\nhello\r\na\r\n0123456789\r\n");
  EXPECT_EQ(result.consumed,
            std::string("5;a=b ; c = \"\\\"d;\"\r\nhello\r\n0A\r\n0123456789\r\n0\r\n\r\n").size());
}

TEST(ChunkDecoder, KeepsAllowedTrailersOnly) {
  const Decoded result = decode_all(
      "0\r\nX-Sum:  1 \r\nContent-Length: 9\r\nset-cookie: a\r\nHost: b\r\ngrpc-status: 0\r\n\r\n");
  EXPECT_EQ(result.status, ChunkStatus::kEnd);
  EXPECT_EQ(result.trailers, "X-Sum: 1\r\ngrpc-status: 0\r\n");
  ChunkDecoder dropping;
  EXPECT_EQ(dropping.decode("0\r\nX-Sum: 1\r\n\r\n").status, ChunkStatus::kEnd);
  EXPECT_TRUE(dropping.trailers().empty());
}

TEST(ChunkDecoder, RefusesMalformedSizesAndExtensions) {
  for (const char* octets : {"\r\n",
                             "g",
                             " 5",
                             "+5",
                             "-5",
                             "0x5",
                             "5 \r",
                             "5\n",
                             "5\rx",
                             "5;\r",
                             "5; \r",
                             "5;=b",
                             "5;a=\r",
                             "5;a= \r",
                             "5;a \r",
                             "5;a=b c",
                             "5;a=\"\r",
                             "5;a=\"b\"c",
                             "5;a=\"\\\r",
                             "5;a,b",
                             "5;a\n",
                             "5;a=b\n",
                             "5,",
                             "5;;",
                             "10000000000000000",
                             "5\r\nhelloX",
                             "5\r\nhello\rX",
                             "5\r\nhello\n",
                             "00000000000000000000000000000000005"}) {
    EXPECT_EQ(decode_all(octets).refusal, Refusal::kBadChunk) << octets;
  }
}

TEST(ChunkDecoder, RefusesMalformedTrailers) {
  for (const char* octets : {"0\r\n X: y\r\n", "0\r\nX : y\r\n", "0\r\nX\r\n", "0\r\n: y\r\n",
                             "0\r\nX: y\n", "0\r\nX: y\r\r", "0\r\nX: \x01\r\n", "0\r\n\n",
                             "0\r\n\rX", "0\r\nX: y\r\n z\r\n", "0\r\nX: a\rb\r\n"}) {
    EXPECT_EQ(decode_all(octets).refusal, Refusal::kBadTrailer) << octets;
  }
}

TEST(ChunkDecoder, LimitsAreExact) {
  const ChunkLimits limits{.extension = 4, .extensions = 8, .trailers = 10, .body = 6};
  EXPECT_EQ(decode_all("1;abc\r\nx", limits).refusal, Refusal::kNone);  // the CR counts
  EXPECT_EQ(decode_all("1;abcd\r\nx", limits).refusal, Refusal::kExtensionTooLong);
  EXPECT_EQ(decode_all("1;abc;abc\r\nx", limits).refusal, Refusal::kNone);
  EXPECT_EQ(decode_all("1;abc\r\nx\r\n1;abc\r\nx\r\n1;a", limits).refusal,
            Refusal::kExtensionTooLong);
  EXPECT_EQ(decode_all("1      ;a", limits).refusal, Refusal::kExtensionTooLong);
  EXPECT_EQ(decode_all("0\r\na:b\r\nc:d\r\n\r\n", limits).refusal, Refusal::kNone);
  EXPECT_EQ(decode_all("0\r\na:b\r\nc:de\r\n", limits).refusal, Refusal::kTrailersTooLong);
  EXPECT_EQ(decode_all("3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", limits).status, ChunkStatus::kEnd);
  EXPECT_EQ(decode_all("3\r\nabc\r\n4\r\n", limits).refusal, Refusal::kBodyTooLong);
  EXPECT_EQ(decode_all("ffffffffffffffff\r\n").refusal, Refusal::kBodyTooLong);
}

TEST(ChunkDecoder, DataMayBeMovedAroundIt) {
  ChunkDecoder decoder;
  EXPECT_EQ(decoder.decode("a\r\n").status, ChunkStatus::kNeedMore);
  EXPECT_EQ(decoder.chunk_remaining(), 10u);
  EXPECT_TRUE(decoder.chunk_begins());
  decoder.skip(4);
  EXPECT_FALSE(decoder.chunk_begins());
  const ChunkStep step = decoder.decode("45");
  EXPECT_EQ(step.data, "45");
  EXPECT_EQ(step.chunk_begins, 0u);
  EXPECT_FALSE(step.chunk_ends);
  decoder.skip(4);
  EXPECT_EQ(decoder.chunk_remaining(), 0u);
  EXPECT_EQ(decoder.decode("\r\n0\r\n\r\n").status, ChunkStatus::kEnd);
  EXPECT_EQ(decoder.total(), 10u);
  EXPECT_TRUE(decoder.ended());
}

TEST(ChunkDecoder, NothingHappensAfterTheEnd) {
  ChunkDecoder decoder;
  ASSERT_EQ(decoder.decode("0\r\n\r\nX").consumed, 5u);
  const ChunkStep step = decoder.decode("X");
  EXPECT_EQ(step.status, ChunkStatus::kEnd);
  EXPECT_EQ(step.consumed, 0u);
  ChunkDecoder refused;
  ASSERT_EQ(refused.decode("x").status, ChunkStatus::kRefused);
  EXPECT_EQ(refused.decode("0\r\n\r\n").status, ChunkStatus::kRefused);
}

TEST(ChunkLine, IsLowerCaseHexadecimal) {
  EXPECT_EQ(encode_chunk_size(1).view(), "1\r\n");
  EXPECT_EQ(encode_chunk_size(0xabc0).view(), "abc0\r\n");
  EXPECT_EQ(encode_chunk_size(~std::uint64_t{0}).view(), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace gatehouse::worker::http
