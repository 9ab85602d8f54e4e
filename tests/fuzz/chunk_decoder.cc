// SPDX-License-Identifier: Apache-2.0
// The chunk decoder against a plain reference over the whole input, and against itself at other
// cuts; what it hands on, chunked again, is read alike by a second parser.
#include "worker/http/chunk_decoder.h"

#include <cstdint>
#include <optional>

#include "tests/fuzz/http_oracle.h"

namespace gatehouse::fuzz {
namespace {

using worker::http::ChunkDecoder;
using worker::http::ChunkStatus;
using worker::http::ChunkStep;

struct Decoded {
  ChunkStatus status = ChunkStatus::kNeedMore;
  std::string data;
  std::string again;  // the chunks passed on
  std::string trailers;
  std::size_t consumed = 0;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view octets, std::size_t block_size) {
  ChunkDecoder decoder(true);
  Decoded result;
  while (!octets.empty() && result.status != ChunkStatus::kEnd &&
         result.status != ChunkStatus::kRefused) {
    std::string_view block = octets.substr(0, block_size);
    octets.remove_prefix(block.size());
    do {
      const ChunkStep step = decoder.decode(block);
      REQUIRE(step.consumed <= block.size(), block);
      block.remove_prefix(step.consumed);
      result.consumed += step.consumed;
      result.status = step.status;
      result.data.append(step.data);
      if (step.chunk_begins != 0) {
        result.again.append(worker::http::encode_chunk_size(step.chunk_begins).view());
      }
      result.again.append(step.data);
      if (step.chunk_ends) result.again.append(worker::http::kChunkEnd);
    } while (result.status == ChunkStatus::kData);
  }
  result.trailers = decoder.trailers();
  return result;
}

// The data of a whole body without extensions and trailers, by the grammar of RFC 9112 7.1 alone.
std::optional<std::string> reference(std::string_view octets) {
  std::string data;
  for (;;) {
    const std::size_t end = octets.find("\r\n");
    if (end == std::string_view::npos || end == 0 || end > 15) return std::nullopt;
    const std::string digits(octets.substr(0, end));
    if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
      return std::nullopt;
    }
    const std::size_t size = std::stoull(digits, nullptr, 16);
    octets.remove_prefix(end + 2);
    if (size == 0) return octets == "\r\n" ? std::optional(data) : std::nullopt;
    if (octets.size() < size || octets.size() - size < 2) return std::nullopt;
    if (octets.substr(size, 2) != "\r\n") return std::nullopt;
    data += octets.substr(0, size);
    octets.remove_prefix(size + 2);
  }
}

void check(std::string_view octets, std::size_t block_size) {
  const Decoded whole = decode(octets, octets.size());
  REQUIRE(decode(octets, block_size) == whole, octets);
  REQUIRE(decode(octets, 1) == whole, octets);
  REQUIRE(whole.consumed <= octets.size(), octets);
  const std::optional<std::string> plain = reference(octets);
  if (plain) {
    REQUIRE(whole.status == ChunkStatus::kEnd, octets);
    REQUIRE(whole.data == *plain, octets);
    REQUIRE(whole.consumed == octets.size(), octets);
  }
  if (whole.status != ChunkStatus::kEnd) return;
  // What is passed on is plain, and says the same.
  const std::string body = whole.again + "0\r\n";
  REQUIRE(reference(body + "\r\n") == whole.data, octets);
  const std::string message = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                              body + whole.trailers + "\r\n";
  const OracleReading reading = oracle_requests(message);
  REQUIRE(reading.error.empty(), message);
  REQUIRE(reading.messages.size() == 1 && reading.messages[0].complete, message);
  REQUIRE(reading.messages[0].body == whole.data, message);
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data), size - 1);
  gatehouse::fuzz::check(octets, 1 + data[size - 1] % 31);
  return 0;
}
