// SPDX-License-Identifier: Apache-2.0
#include "worker/body_flow.h"

#include <algorithm>

#include "base/check.h"

namespace gatehouse::worker {

using http::Framing;

void BodyFlow::begin(Framing received, Framing sent, std::uint64_t length, bool keep_trailers,
                     std::uint64_t body_limit) {
  CHECK(pipe_ == nullptr);
  received_ = received;
  sent_ = sent;
  remaining_ = length;
  limit_ = received == Framing::kUntilClose ? body_limit : 0;
  ended_ = received == Framing::kNone || (received == Framing::kLength && length == 0);
  refusal_ = http::Refusal::kNone;
  window_ = kUsualWindow;
  taken_ = since_stall_ = 0;
  ends_sink_ = false;
  if (received == Framing::kChunked) {
    http::ChunkLimits limits;
    limits.body = body_limit;
    decoder_ = http::ChunkDecoder(keep_trailers, limits);
  }
}

std::size_t BodyFlow::take(std::string_view input, Parts* parts) {
  if (ended_ || refusal_ != http::Refusal::kNone) return 0;
  std::size_t n = 0;
  switch (received_) {
    case Framing::kNone:
      break;
    case Framing::kLength:
      n = static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), remaining_));
      parts->add(input.substr(0, n));
      remaining_ -= n;
      ended_ = remaining_ == 0;
      break;
    case Framing::kUntilClose:
      n = input.size();
      if (limit_ != 0 && n > limit_ - taken_) {
        n = static_cast<std::size_t>(limit_ - taken_);
        refusal_ = http::Refusal::kBodyTooLong;
      }
      parts->add(input.substr(0, n));
      break;
    case Framing::kChunked:
      n = take_chunks(input, parts);
      break;
  }
  taken_ += n;
  return n;
}

// All data of one call leaves as one chunk, whatever chunks it came in.
std::size_t BodyFlow::take_chunks(std::string_view input, Parts* parts) {
  const bool chunked = sent_ == Framing::kChunked;
  const std::size_t place = chunked ? parts->reserve() : 0;
  std::size_t consumed = 0, size = 0;
  // Room stays for the end of this chunk and for the last chunk with its trailers.
  while (parts->room() > 5 && !ended_ && consumed < input.size()) {
    const http::ChunkStep step = decoder_.decode(input.substr(consumed));
    consumed += step.consumed;
    if (step.status == http::ChunkStatus::kData) {
      parts->add(step.data);
      size += step.data.size();
    } else if (step.status == http::ChunkStatus::kEnd) {
      ended_ = true;
    } else if (step.status == http::ChunkStatus::kRefused) {
      refusal_ = decoder_.refusal();
      break;
    } else {
      break;
    }
  }
  if (!chunked) return consumed;
  if (size > 0) {
    parts->chunk_line = http::encode_chunk_size(size);
    parts->set(place, parts->chunk_line.view());
    parts->add(http::kChunkEnd);
  } else {
    parts->set(place, {});
  }
  if (ended_) end_chunks(parts);
  return consumed;
}

void BodyFlow::end_chunks(Parts* parts) {
  parts->add(http::kLastChunkLine);
  parts->add(decoder_.trailers());
  parts->add(http::kChunkEnd);
}

bool BodyFlow::end_of_source() {
  if (received_ != Framing::kUntilClose) return ended_;
  ended_ = true;
  return true;
}

void BodyFlow::adapt_window(bool sink_took_all, bool source_filled) {
  if (!sink_took_all) {
    since_stall_ = 0;
    window_ = std::max(window_ / 2, kSmallWindow);
    return;
  }
  if (!source_filled) return;
  since_stall_ += window_;
  window_ = std::min(window_ * 2, since_stall_ >= kSteady ? kLargeWindow : kUsualWindow);
}

bool BodyFlow::may_splice() const {
  if (ended_ || received_ != sent_) return false;
  if (received_ == Framing::kLength) return remaining_ >= kSpliceFrom;
  return received_ == Framing::kUntilClose && taken_ >= kSpliceFrom && limit_ == 0;
}

std::uint64_t BodyFlow::splice_size(std::uint64_t size) const {
  return received_ == Framing::kLength ? std::min(size, remaining_) : size;
}

void BodyFlow::spliced(std::uint64_t n) {
  taken_ += n;
  if (received_ == Framing::kLength) {
    remaining_ -= n;
    ended_ = remaining_ == 0;
  }
}

}  // namespace gatehouse::worker
