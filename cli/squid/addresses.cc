// SPDX-License-Identifier: Apache-2.0
#include "cli/squid/addresses.h"

#include <algorithm>

#include "config/values.h"

namespace gatehouse::squid {
namespace {

Uint128 number_of(const IpAddress& address) {
  Uint128 number = 0;
  for (std::size_t i = 0; i < address.size(); ++i) number = number << 8 | address.octets[i];
  return number;
}

IpAddress address_of(Uint128 number, sa_family_t family) {
  IpAddress address{family, {}};
  for (std::size_t i = address.size(); i-- > 0; number >>= 8) {
    address.octets[i] = static_cast<std::uint8_t>(number & 0xff);
  }
  return address;
}

// The bits of a prefix: "24" or, for IPv4, "255.255.255.0".
std::optional<unsigned> prefix_of(std::string_view text, sa_family_t family) {
  const unsigned most = family == AF_INET ? 32 : 128;
  if (const auto mask = config::parse_address(text)) {
    if (mask->family != AF_INET || family != AF_INET) return std::nullopt;
    const auto bits = static_cast<std::uint32_t>(number_of(*mask));
    const unsigned ones = static_cast<unsigned>(__builtin_popcount(bits));
    const std::uint32_t whole = ones == 0 ? 0 : ~std::uint32_t{0} << (32 - ones);
    return bits == whole ? std::optional(ones) : std::nullopt;
  }
  if (text.empty() || text.size() > 3) return std::nullopt;
  unsigned prefix = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    prefix = prefix * 10 + static_cast<unsigned>(c - '0');
  }
  return prefix <= most ? std::optional(prefix) : std::nullopt;
}

void append_networks(const IntervalSet<Uint128>& set, sa_family_t family,
                     std::vector<std::string>* out) {
  const unsigned bits = family == AF_INET ? 32 : 128;
  for (auto [first, last] : set.ranges()) {
    for (bool more = true; more;) {
      // The largest network that begins here and does not go beyond.
      unsigned free = 0;
      while (free < bits) {
        const Uint128 size = Uint128{1} << free;  // of what has one more bit, half
        if ((first & size) != 0 || last - first < size * 2 - 1 || size * 2 - 1 < size) break;
        ++free;
      }
      const IpAddress address = address_of(first, family);
      out->push_back(free == 0 ? gatehouse::to_string(address)
                               : config::to_string(Network{address, bits - free}));
      const Uint128 covered = free == 128 ? ~Uint128{0} : (Uint128{1} << free) - 1;
      more = first + covered < last && first + covered >= first;
      first += covered + 1;
    }
  }
}

}  // namespace

Addresses Addresses::all() {
  Addresses all;
  all.add("all");
  return all;
}

bool Addresses::add(std::string_view text) {
  const Uint128 most4 = 0xffffffffU, most6 = ~Uint128{0};
  if (text == "all" || text == "ipv4") four_.add(0, most4);
  if (text == "all" || text == "ipv6") six_.add(0, most6);
  if (text == "all" || text == "ipv4" || text == "ipv6") return true;
  const std::size_t hyphen = text.find('-'), slash = text.find('/');
  if (hyphen != text.npos) {
    const auto first = config::parse_address(text.substr(0, hyphen));
    const auto last = config::parse_address(text.substr(hyphen + 1));
    if (!first || !last || first->family != last->family || number_of(*first) > number_of(*last)) {
      return false;
    }
    (first->family == AF_INET ? four_ : six_).add(number_of(*first), number_of(*last));
    return true;
  }
  const auto address = config::parse_address(text.substr(0, slash));
  if (!address || config::is_v4_mapped(*address)) return false;
  const unsigned bits = address->family == AF_INET ? 32 : 128;
  const auto prefix =
      slash == text.npos ? std::optional(bits) : prefix_of(text.substr(slash + 1), address->family);
  if (!prefix) return false;
  const Uint128 most = address->family == AF_INET ? most4 : most6;
  const Uint128 host = *prefix == 0 ? most : *prefix == 128 ? 0 : most >> *prefix;
  const Uint128 first = number_of(*address) & ~host & most;
  (address->family == AF_INET ? four_ : six_).add(first, first | host);
  return true;
}

Addresses Addresses::complement() const {
  Addresses result;
  result.four_ = four_.complement();
  result.six_ = six_.complement();
  return result;
}

Addresses Addresses::intersection(const Addresses& other) const {
  Addresses result;
  result.four_ = four_.intersection(other.four_);
  result.six_ = six_.intersection(other.six_);
  return result;
}

std::vector<std::string> Addresses::networks() const {
  std::vector<std::string> networks;
  append_networks(four_, AF_INET, &networks);
  append_networks(six_, AF_INET6, &networks);
  return networks;
}

}  // namespace gatehouse::squid
