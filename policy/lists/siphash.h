// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein 2012, and the authors' reference code),
// fed octet by octet: result() may be asked for after every prefix of a text.
#pragma once

#include <bit>
#include <cstdint>

namespace gatehouse::lists {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

struct SipResult {
  std::uint64_t first = 0;   // octets 0 to 7 of the reference's output, little endian
  std::uint64_t second = 0;  // octets 8 to 15
};

class SipHash {
 public:
  explicit SipHash(SipKey key) noexcept
      : v0_(key.k0 ^ 0x736f6d6570736575U),
        v1_(key.k1 ^ 0x646f72616e646f6dU ^ 0xee),
        v2_(key.k0 ^ 0x6c7967656e657261U),
        v3_(key.k1 ^ 0x7465646279746573U) {}

  void add(std::uint8_t octet) noexcept {
    word_ |= std::uint64_t{octet} << (8 * (count_ & 7));
    if ((++count_ & 7) != 0) return;
    absorb(word_);
    word_ = 0;
  }

  // Of what has been added so far; more may be added afterwards.
  SipResult result() const noexcept {
    SipHash end = *this;
    end.absorb(word_ | std::uint64_t{count_ & 0xff} << 56);
    SipResult result;
    end.v2_ ^= 0xee;
    for (int i = 0; i < 4; ++i) end.round();
    result.first = end.v0_ ^ end.v1_ ^ end.v2_ ^ end.v3_;
    end.v1_ ^= 0xdd;
    for (int i = 0; i < 4; ++i) end.round();
    result.second = end.v0_ ^ end.v1_ ^ end.v2_ ^ end.v3_;
    return result;
  }

 private:
  void absorb(std::uint64_t word) noexcept {
    v3_ ^= word;
    round();
    round();
    v0_ ^= word;
  }
  void round() noexcept {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_;
    v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t word_ = 0;   // octets that don't fill a word yet
  std::uint32_t count_ = 0;  // octets so far
};

}  // namespace gatehouse::lists
