// SPDX-License-Identifier: Apache-2.0
// Sections of a blob in the making.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gatehouse::lists {

// With octets of 0 to the next multiple of 8.
inline void append_section(std::vector<std::byte>* blob, std::span<const std::byte> octets) {
  blob->insert(blob->end(), octets.begin(), octets.end());
  blob->resize((blob->size() + 7) / 8 * 8);
}

// numbers, each in so many bits, from the lowest bit on.
std::vector<std::byte> packed(std::span<const std::uint32_t> numbers, std::uint32_t bits);

}  // namespace gatehouse::lists
