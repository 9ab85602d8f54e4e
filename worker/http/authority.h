// SPDX-License-Identifier: Apache-2.0
// The host and port of a Host field or a target (RFC 3986 3.2, RFC 9110 7.2), validated.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/address.h"

namespace gatehouse::worker::http {

struct Authority {
  std::string_view host;   // as written, IPv6 with its brackets; never empty
  std::uint16_t port = 0;  // 0: none was given
  IpAddress literal;       // the host when it is an IP literal, else AF_UNSPEC
};

// Nothing for what isn't `uri-host [":" port]`: userinfo, a comma (legal in a reg-name, but read as
// a list by others), empty host, port 0 or above 65535, a zone or an IPvFuture literal.
std::optional<Authority> parse_authority(std::string_view text);

// Hosts equal without regard to case (addresses by value) and ports equal, none meaning
// default_port.
bool same_authority(const Authority& a, const Authority& b, std::uint16_t default_port);

// The literal is that address; an IPv4-mapped IPv6 address is the IPv4 one.
bool same_address(const IpAddress& a, const IpAddress& b);

}  // namespace gatehouse::worker::http
