// SPDX-License-Identifier: Apache-2.0
// What a name says by itself, before anybody is asked.
//
// Trusts: nothing; the name is a client's. What passes here is safe to hand to c-ares, which would
// give a meaning to backslashes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace gatehouse::resolver {

// Names compare without case (RFC 4343), and one final dot changes nothing.
std::string canonical_name(std::string_view name);

// The addresses of a canonical name that no server is asked about: of an address literal itself, of
// "localhost" the loopback (RFC 6761 6.3). None for what can't be a host name: labels of 1 to 63
// letters, digits, hyphens and underscores, 253 octets at most (RFC 1035 2.3.4), not ending in a
// number, as only addresses do, nor in "onion" (RFC 7686). Nothing: a server has to say.
std::optional<std::vector<IpAddress>> known_addresses(const std::string& name);

}  // namespace gatehouse::resolver
