// SPDX-License-Identifier: Apache-2.0
// What names an entry of the run-time table, and what may stand in one. Pure functions.
#pragma once

#include <string_view>

#include "base/address.h"
#include "policy/clients/page.h"
#include "policy/lists/siphash.h"

namespace gatehouse::clients {

inline constexpr std::size_t kMaxLabels = 8;       // of a client
inline constexpr std::size_t kMaxLabelKey = 32;    // octets
inline constexpr std::size_t kMaxLabelValue = 64;  // octets

// What the log names instead of a rule; no rule has such a name.
inline constexpr std::string_view kGrantRule = "grant", kBypassRule = "bypass";

// "role=guest": a key and a value of letters, digits, '-', '_' and '.'.
bool is_label(std::string_view text);

// The first bits of an address, the others cleared. prefix: at most the address's length.
IpAddress first_bits(const IpAddress& address, unsigned prefix);

// address: with the bits beyond the prefix cleared. host: of a grant, else empty.
std::uint64_t hash_of(lists::SipKey seed, Kind kind, const IpAddress& address, unsigned prefix,
                      std::string_view host);

}  // namespace gatehouse::clients
