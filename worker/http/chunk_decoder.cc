// SPDX-License-Identifier: Apache-2.0
#include "worker/http/chunk_decoder.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/check.h"
#include "worker/http/request_rules.h"
#include "worker/http/scan.h"
#include "worker/http/trailer_fields.h"

namespace gatehouse::worker::http {
namespace {

// 16 digits hold any size; some senders pad with zeros, but none that is honest fills a line.
constexpr std::uint8_t kMaxDigits = 32;

// -1 for anything else.
int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

struct ChunkDecoder::Trailers {
  std::string line;  // the current one, without its CRLF
  std::string kept;
};

void ChunkDecoder::DeleteTrailers::operator()(Trailers* trailers) const { delete trailers; }

ChunkDecoder::ChunkDecoder(bool keep_trailers, const ChunkLimits& limits)
    : limits_(limits), keep_trailers_(keep_trailers) {
  if (limits_.body == 0 || limits_.body > kMaxBody) limits_.body = kMaxBody;
}

ChunkDecoder::State ChunkDecoder::refuse(Refusal refusal) {
  refusal_ = refusal;
  return State::kRefused;
}

ChunkStep ChunkDecoder::decode(std::string_view block) {
  ChunkStep step;
  std::size_t at = 0;
  while (at < block.size() && state_ < State::kEnd) {
    if (state_ == State::kData) {
      const auto size =
          static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, block.size() - at));
      step.status = ChunkStatus::kData;
      step.data = block.substr(at, size);
      step.chunk_begins = chunk_begins_ ? remaining_ : 0;
      step.consumed = at + size;
      skip(size);
      step.chunk_ends = state_ == State::kDataCr;
      return step;
    }
    state_ = next_state(block[at++]);
  }
  step.consumed = at;
  if (state_ == State::kEnd) step.status = ChunkStatus::kEnd;
  if (state_ == State::kRefused) step.status = ChunkStatus::kRefused;
  return step;
}

ChunkDecoder::State ChunkDecoder::next_state(char octet) {
  switch (state_) {
    case State::kSize:
    case State::kSizeMore:
      return size_octet(octet);
    case State::kBeforeSemicolon:
    case State::kExtensionBegin:
    case State::kExtensionName:
    case State::kAfterName:
    case State::kValueBegin:
    case State::kValue:
    case State::kQuoted:
    case State::kQuotedPair:
    case State::kAfterQuoted:
      if (++extension_size_ > limits_.extension || ++extensions_size_ > limits_.extensions) {
        return refuse(Refusal::kExtensionTooLong);
      }
      return extension_octet(octet);
    case State::kSizeLf:
      return size_line_end(octet);
    case State::kDataCr:
      return octet == '\r' ? State::kDataLf : refuse(Refusal::kBadChunk);
    case State::kDataLf:
      return octet == '\n' ? State::kSize : refuse(Refusal::kBadChunk);
    case State::kTrailerLine:
      return trailer_octet(octet);
    case State::kEndLf:
      return octet == '\n' ? State::kEnd : refuse(Refusal::kBadTrailer);
    case State::kData:
    case State::kEnd:
    case State::kRefused:
      break;  // no octet is passed in these
  }
  CHECK(false);
}

ChunkDecoder::State ChunkDecoder::size_octet(char octet) {
  const int value = hex_value(octet);
  if (value >= 0) {
    if (state_ == State::kSize) {
      digits_ = 0;
      remaining_ = 0;
      extension_size_ = 0;
    }
    if (++digits_ > kMaxDigits || remaining_ >> 60 != 0) return refuse(Refusal::kBadChunk);
    remaining_ = remaining_ << 4 | static_cast<std::uint64_t>(value);
    return State::kSizeMore;
  }
  if (state_ == State::kSize) return refuse(Refusal::kBadChunk);
  return after_extension_part(octet);
}

// After the size, or an extension that may end here.
ChunkDecoder::State ChunkDecoder::after_extension_part(char octet) {
  if (octet == '\r') return State::kSizeLf;
  if (octet == ';') {
    extension_size_ = 0;
    return State::kExtensionBegin;
  }
  return is_blank(octet) ? State::kBeforeSemicolon : refuse(Refusal::kBadChunk);
}

// RFC 9112 7.1.1. Blanks are "bad whitespace": read, as a recipient must, where another part
// follows; at the end of the line they are refused.
ChunkDecoder::State ChunkDecoder::extension_octet(char octet) {
  switch (state_) {
    case State::kBeforeSemicolon:
      return octet == '\r' ? refuse(Refusal::kBadChunk) : after_extension_part(octet);
    case State::kExtensionBegin:
      if (is_blank(octet)) return state_;
      return is_token_octet(octet) ? State::kExtensionName : refuse(Refusal::kBadChunk);
    case State::kExtensionName:
      if (is_token_octet(octet)) return state_;
      if (octet == '=') return State::kValueBegin;
      return is_blank(octet) ? State::kAfterName : after_extension_part(octet);
    case State::kAfterName:
      if (octet == '=') return State::kValueBegin;
      if (is_blank(octet)) return state_;
      return octet == ';' ? after_extension_part(octet) : refuse(Refusal::kBadChunk);
    case State::kValueBegin:
      if (is_blank(octet)) return state_;
      if (octet == '"') return State::kQuoted;
      return is_token_octet(octet) ? State::kValue : refuse(Refusal::kBadChunk);
    case State::kValue:
      return is_token_octet(octet) ? state_ : after_extension_part(octet);
    case State::kQuoted:
      if (octet == '"') return State::kAfterQuoted;
      if (octet == '\\') return State::kQuotedPair;
      return is_value_octet(octet) ? state_ : refuse(Refusal::kBadChunk);
    case State::kAfterQuoted:
      return after_extension_part(octet);
    default:
      return is_value_octet(octet) ? State::kQuoted : refuse(Refusal::kBadChunk);
  }
}

ChunkDecoder::State ChunkDecoder::size_line_end(char octet) {
  if (octet != '\n') return refuse(Refusal::kBadChunk);
  if (remaining_ == 0) return State::kTrailerLine;
  if (remaining_ > limits_.body - total_) return refuse(Refusal::kBodyTooLong);
  chunk_begins_ = true;
  return State::kData;
}

// RFC 9112 7.1.2. Lines are judged when complete: the section is small.
ChunkDecoder::State ChunkDecoder::trailer_octet(char octet) {
  if (trailers_ == nullptr || trailers_->line.empty()) {
    if (octet == '\r') return State::kEndLf;
    if (!is_token_octet(octet)) return refuse(Refusal::kBadTrailer);
  }
  if (++trailers_size_ > limits_.trailers) return refuse(Refusal::kTrailersTooLong);
  if (trailers_ == nullptr) trailers_.reset(new Trailers);
  std::string& line = trailers_->line;
  line.push_back(octet);
  if (octet == '\n') return trailer_line_end();
  // A CR is followed by LF or the line is refused at once.
  const bool stray_cr = line.size() >= 2 && line[line.size() - 2] == '\r';
  return stray_cr ? refuse(Refusal::kBadTrailer) : State::kTrailerLine;
}

ChunkDecoder::State ChunkDecoder::trailer_line_end() {
  std::string_view line = trailers_->line;
  if (!line.ends_with("\r\n")) return refuse(Refusal::kBadTrailer);
  line.remove_suffix(2);
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_token(name)) return refuse(Refusal::kBadTrailer);
  const std::string_view value = trim(line.substr(colon + 1));
  if (skip_value(value.data(), value.data() + value.size()) != value.data() + value.size()) {
    return refuse(Refusal::kBadTrailer);
  }
  if (keep_trailers_ && allowed_in_trailer(name)) {
    trailers_->kept.append(name).append(": ").append(value).append("\r\n");
  }
  trailers_->line.clear();
  return State::kTrailerLine;
}

std::uint64_t ChunkDecoder::chunk_remaining() const {
  return state_ == State::kData ? remaining_ : 0;
}

void ChunkDecoder::skip(std::uint64_t n) {
  if (n == 0) return;
  CHECK(state_ == State::kData && n <= remaining_);
  chunk_begins_ = false;
  remaining_ -= n;
  total_ += n;
  if (remaining_ == 0) state_ = State::kDataCr;
}

bool ChunkDecoder::ended() const { return state_ == State::kEnd; }

std::string_view ChunkDecoder::trailers() const {
  return trailers_ == nullptr ? std::string_view{} : std::string_view(trailers_->kept);
}

Refusal check_chunks(std::string_view front, const ChunkLimits& limits) {
  ChunkDecoder decoder(false, limits);
  ChunkStep step;
  do {
    step = decoder.decode(front);
    front.remove_prefix(step.consumed);
  } while (step.status == ChunkStatus::kData);
  return decoder.refusal();
}

ChunkLine encode_chunk_size(std::uint64_t size) {
  ChunkLine line{};
  char* const begin = line.octets.data();
  char* const end = std::to_chars(begin, begin + 16, size, 16).ptr;
  end[0] = '\r';
  end[1] = '\n';
  line.size = static_cast<std::uint8_t>(end + 2 - begin);
  return line;
}

}  // namespace gatehouse::worker::http
