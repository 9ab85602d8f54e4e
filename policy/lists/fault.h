// SPDX-License-Identifier: Apache-2.0
// Why a line of a list, or a part of it, is not an entry.
#pragma once

#include <cstdint>
#include <string_view>

namespace gatehouse::lists {

enum class Fault : std::uint8_t {
  // Junk: nothing that the form knows.
  kNotThisForm,
  kNotAName,
  kNotAscii,
  kAddress,
  kPublicSuffix,
  kNotANetwork,
  kBitsBeyondPrefix,
  kEveryAddress,
  kMappedAddress,
  kBadUrl,
  kLongLine,
  // Right in its form, but without a meaning here.
  kException,
  kAdblockOptions,
  kAdblockPattern,
  kRpzTrigger,
  kRpzAction,
  kOwnAddress,
  kQuery,
};
inline constexpr std::size_t kFaults = 18;

// A clause that follows the text: "is no host name ...".
std::string_view fault_text(Fault fault);
inline bool is_junk(Fault fault) { return fault < Fault::kException; }

}  // namespace gatehouse::lists
