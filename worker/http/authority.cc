// SPDX-License-Identifier: Apache-2.0
#include "worker/http/authority.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "worker/http/scan.h"

namespace gatehouse::worker::http {
namespace {

// reg-name of RFC 3986 3.2.2 without the comma; '%' is checked apart.
constexpr std::array<bool, 256> kNameOctets = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
  for (const char c : std::string_view("-._~!$&'()*+;="))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_hex(char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); }

bool is_reg_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kNameOctets[static_cast<unsigned char>(text[i])]) continue;
    if (text[i] != '%' || i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
      return false;
    }
    i += 2;
  }
  return !text.empty();
}

// The address that text writes in the form of family; AF_UNSPEC when it is none.
IpAddress parse_literal(std::string_view text, sa_family_t family) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  IpAddress address;
  if (text.size() >= terminated.size()) return address;
  std::copy(text.begin(), text.end(), terminated.begin());
  if (::inet_pton(family, terminated.data(), address.octets.data()) == 1) {
    address.family = family;
  } else {
    address.octets.fill(0);
  }
  return address;
}

// 1..65535 with any number of leading zeros, or nothing. text is not empty.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (port > 65535) return std::nullopt;
  }
  if (port == 0) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

// An IPv4-mapped IPv6 address as the IPv4 address; others unchanged.
IpAddress unmapped(const IpAddress& address) {
  static constexpr std::array<std::uint8_t, 12> kPrefix = {0, 0, 0, 0, 0,    0,
                                                           0, 0, 0, 0, 0xff, 0xff};
  if (address.family != AF_INET6 ||
      !std::equal(kPrefix.begin(), kPrefix.end(), address.octets.begin())) {
    return address;
  }
  IpAddress result;
  result.family = AF_INET;
  std::copy_n(address.octets.begin() + 12, 4, result.octets.begin());
  return result;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::size_t host_size;
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    host_size = bracket + 1;
    authority.literal = parse_literal(text.substr(1, bracket - 1), AF_INET6);
    if (authority.literal.family == AF_UNSPEC) return std::nullopt;
  } else {
    host_size = std::min(text.find(':'), text.size());
    if (!is_reg_name(text.substr(0, host_size))) return std::nullopt;
    if (is_digit(text[host_size - 1])) {
      authority.literal = parse_literal(text.substr(0, host_size), AF_INET);
    }
  }
  authority.host = text.substr(0, host_size);
  if (host_size == text.size()) return authority;
  if (text[host_size] != ':') return std::nullopt;
  if (host_size + 1 == text.size()) return authority;  // an empty port is allowed: the default
  const std::optional<std::uint16_t> port = parse_port(text.substr(host_size + 1));
  if (!port) return std::nullopt;
  authority.port = *port;
  return authority;
}

bool same_address(const IpAddress& a, const IpAddress& b) { return unmapped(a) == unmapped(b); }

bool same_authority(const Authority& a, const Authority& b, std::uint16_t default_port) {
  const std::uint16_t port_a = a.port == 0 ? default_port : a.port;
  const std::uint16_t port_b = b.port == 0 ? default_port : b.port;
  if (port_a != port_b || a.literal.family != b.literal.family) return false;
  return a.literal.family == AF_UNSPEC ? equals_ignoring_case(a.host, b.host)
                                       : a.literal == b.literal;
}

}  // namespace gatehouse::worker::http
