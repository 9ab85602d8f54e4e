// SPDX-License-Identifier: Apache-2.0
#include "config/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <vector>

namespace gatehouse::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
// From the largest, so that formatting takes the first that divides.
constexpr Unit kTimeUnits[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr Unit kSizeUnits[] = {{"GiB", 1U << 30}, {"MiB", 1U << 20}, {"KiB", 1U << 10}, {"B", 1}};

template <std::size_t N>
std::optional<std::uint64_t> parse_quantity(std::string_view text, const Unit (&units)[N]) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest == text.data()) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    std::uint64_t product;
    if (__builtin_mul_overflow(number, unit.factor, &product)) return std::nullopt;
    return product;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string format_quantity(std::uint64_t value, const Unit (&units)[N]) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return std::to_string(value / unit.factor) + std::string(unit.name);
    }
  }
  return "0" + std::string(units[N - 1].name);
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

std::optional<std::uint64_t> parse_duration(std::string_view text) {
  return parse_quantity(text, kTimeUnits);
}

std::string format_duration(std::uint64_t milliseconds) {
  return format_quantity(milliseconds, kTimeUnits);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse_quantity(text, kSizeUnits);
}

std::string format_size(std::uint64_t octets) { return format_quantity(octets, kSizeUnits); }

std::optional<std::uint64_t> parse_rate(std::string_view text) {
  constexpr std::string_view kEach = "/s";
  if (!text.ends_with(kEach)) return std::nullopt;
  return parse_size(text.substr(0, text.size() - kEach.size()));
}

std::string format_rate(std::uint64_t octets_per_second) {
  return format_size(octets_per_second) + "/s";
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || rest != end || text[0] == '0') return std::nullopt;
  return port;
}

std::optional<PortRange> parse_port_range(std::string_view text) {
  const std::size_t hyphen = text.find('-');
  const auto first = parse_port(text.substr(0, hyphen));
  const auto last = hyphen == text.npos ? first : parse_port(text.substr(hyphen + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return PortRange{*first, *last};
}

std::string to_string(const PortRange& range) {
  std::string text = std::to_string(range.first);
  if (range.last != range.first) text += "-" + std::to_string(range.last);
  return text;
}

std::optional<IpAddress> parse_address(std::string_view text) {
  char copy[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof copy || text.find('\0') != text.npos) {
    return std::nullopt;
  }
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  IpAddress address;
  for (const sa_family_t family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, copy, address.octets.data()) == 1) {
      address.family = family;
      return address;
    }
  }
  return std::nullopt;
}

bool is_wildcard(const IpAddress& address) {
  return std::all_of(address.octets.begin(), address.octets.end(),
                     [](std::uint8_t octet) { return octet == 0; });
}

bool is_multicast(const IpAddress& address) {
  return address.family == AF_INET ? (address.octets[0] & 0xf0) == 0xe0 : address.octets[0] == 0xff;
}

bool is_v4_mapped(const IpAddress& address) {
  constexpr std::array<std::uint8_t, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return address.family == AF_INET6 &&
         std::equal(kPrefix.begin(), kPrefix.end(), address.octets.begin());
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = parse_address(host);
  const auto port = parse_port(text.substr(colon + 1));
  // Brackets belong to IPv6, and only to it.
  if (!address || !port || bracketed != (address->family == AF_INET6)) return std::nullopt;
  return Endpoint{*address, *port};
}

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned bits = static_cast<unsigned>(address->size()) * 8;
  Network network{*address, bits};
  if (slash == text.npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, network.prefix);
  const bool leading_zero = digits.size() > 1 && digits[0] == '0';
  if (error != std::errc() || rest != end || leading_zero || network.prefix > bits) {
    return std::nullopt;
  }
  return network;
}

Network masked(const Network& network) {
  Network result = network;
  for (std::size_t i = 0; i < result.address.size(); ++i) {
    const unsigned first = static_cast<unsigned>(i) * 8;  // index of the octet's highest bit
    const unsigned kept = network.prefix <= first ? 0 : std::min(8U, network.prefix - first);
    result.address.octets[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return result;
}

std::string to_string(const Network& network) {
  return gatehouse::to_string(network.address) + "/" + std::to_string(network.prefix);
}

bool is_token(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_host(std::string_view text) {
  if (text.size() > 255) return false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return false;
    const auto address = parse_address(text.substr(1, end - 1));
    const std::string_view rest = text.substr(end + 1);
    return address && address->family == AF_INET6 &&
           (rest.empty() || (rest[0] == ':' && parse_port(rest.substr(1))));
  }
  const std::size_t colon = text.find(':');
  if (colon != text.npos && !parse_port(text.substr(colon + 1))) return false;
  const std::string_view name = text.substr(0, colon);
  if (name.empty() || name.front() == '.' || name.find("..") != name.npos) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

std::string printable(std::string_view text, std::size_t limit) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    if (result.size() >= limit) return result.append("...");
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet <= 0x7e) {
      result += c;
    } else {
      result.append({'\\', 'x', kHex[octet >> 4], kHex[octet & 15]});
    }
  }
  return result;
}

unsigned edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the usual table, for the optimal string alignment distance.
  std::vector<unsigned> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (unsigned j = 0; j <= b.size(); ++j) last[j] = j;
  for (unsigned i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (unsigned j = 1; j <= b.size(); ++j) {
      const unsigned substitute = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitute});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace gatehouse::config
