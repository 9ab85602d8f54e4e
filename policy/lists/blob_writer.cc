// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/blob_writer.h"

#include <cstring>

namespace gatehouse::lists {

std::vector<std::byte> packed(std::span<const std::uint32_t> numbers, std::uint32_t bits) {
  std::vector<std::byte> octets((numbers.size() * bits + 7) / 8 + 8);
  std::uint64_t bit = 0;
  for (const std::uint32_t number : numbers) {
    std::uint64_t word = 0;
    std::memcpy(&word, &octets[bit / 8], sizeof word);
    word |= std::uint64_t{number} << (bit % 8);
    std::memcpy(&octets[bit / 8], &word, sizeof word);
    bit += bits;
  }
  return octets;
}

}  // namespace gatehouse::lists
