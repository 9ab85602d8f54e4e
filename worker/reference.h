// SPDX-License-Identifier: Apache-2.0
// Short tokens that are on an error page and in its log record, so that the one leads to the other.
//
// Invariant: the tokens of one worker don't repeat within its life in practice (50 bits), and say
// nothing about how many there were or about other clients.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gatehouse::worker {

// A permutation of the 64-bit numbers that leaves no pattern (splitmix64's).
inline std::uint64_t scramble(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9ULL;
  number = (number ^ (number >> 27)) * 0x94d049bb133111ebULL;
  return number ^ (number >> 31);
}

// Secret and different in each worker: getrandom(2), so before the worker is confined.
std::uint64_t random_seed();

class References {
 public:
  static constexpr std::size_t kSize = 10;

  explicit References(std::uint64_t seed) : state_(seed) {}
  // Valid until the next call.
  std::string_view next() {
    // Digits and letters that are not mistaken for others.
    constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t bits = scramble(state_);
    for (char& c : token_) {
      c = kLetters[bits % kLetters.size()];
      bits /= kLetters.size();
    }
    return {token_.data(), token_.size()};
  }

 private:
  std::uint64_t state_;
  std::array<char, kSize> token_{};
};

}  // namespace gatehouse::worker
