// SPDX-License-Identifier: Apache-2.0
// Strict incremental decoder of the chunked coding (RFC 9112 7.1), in place over blocks.
//
// Trusts: nothing.
// Invariants:
// 1. Data spans are views into the block given; octets are never copied, trailers aside.
// 2. The concatenated data, the trailers and the outcome don't depend on how the input is cut.
// 3. Nothing after the final CRLF is consumed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "worker/http/refusal.h"

namespace gatehouse::worker::http {

struct ChunkLimits {
  std::uint32_t extension = 256;    // octets of one chunk extension
  std::uint32_t extensions = 4096;  // octets of all extensions of a body
  std::uint32_t trailers = 8192;    // octets of the trailer section
  std::uint64_t body = 0;           // octets of data; 0: unlimited
};

enum class ChunkStatus : std::uint8_t { kNeedMore, kData, kEnd, kRefused };

struct ChunkStep {
  ChunkStatus status = ChunkStatus::kNeedMore;
  std::size_t consumed = 0;        // octets of the block that are done with, data included
  std::string_view data;           // of kData: never empty
  std::uint64_t chunk_begins = 0;  // of kData: the whole chunk's size when data is its beginning,
                                   // else 0. Passing chunks on one for one: write encode_chunk_size
                                   // of it first ...
  bool chunk_ends = false;         // ... and CRLF after data that ends its chunk
};

// About 100 octets. Allocates only when a trailer field arrives, which is rare.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(bool keep_trailers = false, const ChunkLimits& limits = {});

  // Decodes the front of block until there is data to hand out, the body ends, the block is used
  // up, or something is wrong. Call it again with the rest of the block after kData:
  //   for (;;) { step = d.decode(block); block.remove_prefix(step.consumed); ... }
  ChunkStep decode(std::string_view block);

  // Octets of the current chunk's data not seen yet. They may be moved around the decoder (splice)
  // when skip() tells it so; n <= chunk_remaining(). The CRLF after the chunk still comes to
  // decode.
  std::uint64_t chunk_remaining() const;
  // The remaining data is the whole chunk: its size line is still to be written.
  bool chunk_begins() const { return chunk_begins_; }
  void skip(std::uint64_t n);

  bool ended() const;
  Refusal refusal() const { return refusal_; }
  // Data octets so far.
  std::uint64_t total() const { return total_; }
  // After kEnd: the kept trailer fields as lines "Name: value" CRLF, without the fields that
  // RFC 9110 6.5.1 keeps out of trailers; to be written between "0\r\n" and "\r\n". Empty without
  // keep_trailers. Valid as long as the decoder.
  std::string_view trailers() const;

 private:
  enum class State : std::uint8_t {
    kSize,             // at the first digit
    kSizeMore,         // after a digit
    kBeforeSemicolon,  // blanks after the size or an extension: only ';' may follow
    kExtensionBegin,   // after ';', at the name
    kExtensionName,
    kAfterName,   // blanks after a name
    kValueBegin,  // after '='
    kValue,
    kQuoted,
    kQuotedPair,
    kAfterQuoted,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerLine,  // at the beginning of a trailer line or within it
    kEndLf,
    kEnd,
    kRefused
  };
  struct Trailers;
  struct DeleteTrailers {
    void operator()(Trailers* trailers) const;
  };

  State refuse(Refusal refusal);
  State size_octet(char octet);
  State extension_octet(char octet);
  State after_extension_part(char octet);
  State size_line_end(char octet);
  State trailer_octet(char octet);
  State trailer_line_end();
  State next_state(char octet);

  ChunkLimits limits_;
  State state_ = State::kSize;
  Refusal refusal_ = Refusal::kNone;
  bool keep_trailers_ = false;
  bool chunk_begins_ = false;         // no data of the current chunk was handed out yet
  std::uint8_t digits_ = 0;           // of the size that is being read
  std::uint32_t extension_size_ = 0;  // octets of the current extension
  std::uint32_t extensions_size_ = 0;
  std::uint32_t trailers_size_ = 0;
  std::uint64_t remaining_ = 0;  // data of the current chunk to come
  std::uint64_t total_ = 0;
  std::unique_ptr<Trailers, DeleteTrailers> trailers_;
};

// What is wrong with octets that begin chunked content; kNone where nothing is, or not yet.
Refusal check_chunks(std::string_view front, const ChunkLimits& limits);

// A chunk-size line "1a2b\r\n"; size > 0.
struct ChunkLine {
  std::array<char, 20> octets;
  std::uint8_t size;
  std::string_view view() const { return {octets.data(), size}; }
};
ChunkLine encode_chunk_size(std::uint64_t size);
inline constexpr std::string_view kChunkEnd = "\r\n";        // after a chunk's data
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";  // without trailers
inline constexpr std::string_view kLastChunkLine = "0\r\n";  // then trailers, then kChunkEnd

}  // namespace gatehouse::worker::http
