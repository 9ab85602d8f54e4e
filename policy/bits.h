// SPDX-License-Identifier: Apache-2.0
// Bits in words of 64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gatehouse::policy {

inline std::size_t words_for(std::size_t bits) { return (bits + 63) / 64; }
inline void set_bit(std::vector<std::uint64_t>& bits, std::size_t i) {
  bits[i / 64] |= std::uint64_t{1} << (i % 64);
}

}  // namespace gatehouse::policy
