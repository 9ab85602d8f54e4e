// SPDX-License-Identifier: Apache-2.0
// Single values as people write them: durations, sizes, addresses, networks. Pure functions.
//
// Trusts: nothing. Nothing is returned for anything but the exact form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"

namespace gatehouse::config {

// "500ms", "10s", "2m", "1h": digits and one unit, nothing between. In milliseconds.
std::optional<std::uint64_t> parse_duration(std::string_view text);
// The shortest exact form: 90000 is "90s", 120000 is "2m".
std::string format_duration(std::uint64_t milliseconds);

// "8000B", "32KiB", "10MiB", "1GiB". In octets.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t octets);

// "500B/s", "2KiB/s": a size for each second. In octets a second.
std::optional<std::uint64_t> parse_rate(std::string_view text);
std::string format_rate(std::uint64_t octets_per_second);

// "80": 1 to 65535 without leading zeros.
std::optional<std::uint16_t> parse_port(std::string_view text);
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};
// "443" or "1024-65535".
std::optional<PortRange> parse_port_range(std::string_view text);
std::string to_string(const PortRange& range);

// An IPv4 or IPv6 address without port, brackets or zone.
std::optional<IpAddress> parse_address(std::string_view text);
bool is_wildcard(const IpAddress& address);
bool is_multicast(const IpAddress& address);
bool is_v4_mapped(const IpAddress& address);

// "192.0.2.1:80" or "[2001:db8::1]:80".
std::optional<Endpoint> parse_endpoint(std::string_view text);

// "10.0.0.0/8"; an address alone is a network of one. Bits beyond the prefix are kept as written.
std::optional<Network> parse_network(std::string_view text);
// The network with the bits beyond its prefix cleared.
Network masked(const Network& network);
std::string to_string(const Network& network);

// RFC 9110 5.6.2: 1 to 64 tchar.
bool is_token(std::string_view text);

// A host as Host may have it (RFC 9110 7.2), with or without a port: a name of letters, digits,
// '-',
// '_' and '.', or an address (IPv6 in brackets). At most 255 characters.
bool is_host(std::string_view text);

// Every octet outside 0x20-0x7e as \xHH, at most limit characters (then "...").
std::string printable(std::string_view text, std::size_t limit);

// The candidate that text was probably meant to be; nothing if none is near.
template <class Range>
std::optional<std::string_view> nearest(std::string_view text, const Range& candidates);
// Insertions, deletions, substitutions and swaps of neighbours that turn a into b.
unsigned edit_distance(std::string_view a, std::string_view b);

template <class Range>
std::optional<std::string_view> nearest(std::string_view text, const Range& candidates) {
  std::optional<std::string_view> best;
  // A third of the word may be wrong, three letters at most: more is a different word.
  unsigned limit = static_cast<unsigned>(text.size() < 9 ? (text.size() + 2) / 3 : 3);
  if (text.size() > 64) return best;
  for (std::string_view candidate : candidates) {
    const unsigned distance = edit_distance(text, candidate);
    if (distance <= limit) {
      best = candidate;
      if (distance == 0) break;
      limit = distance - 1;
    }
  }
  return best;
}

}  // namespace gatehouse::config
