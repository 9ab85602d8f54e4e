// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/host_text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace gatehouse::lists {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_name_octet(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// Decimal, octal or hexadecimal.
bool is_number(std::string_view label) {
  if (label.starts_with("0x")) return label.find_first_not_of("0123456789abcdef", 2) == label.npos;
  return label.find_first_not_of("0123456789") == label.npos;
}

bool is_clean(const Network& network) {
  for (std::size_t i = 0; i < network.address.size(); ++i) {
    const unsigned first = static_cast<unsigned>(i) * 8;  // number of the octet's highest bit
    const unsigned kept = network.prefix <= first ? 0 : std::min(8U, network.prefix - first);
    if ((network.address.octets[i] & (0xffU >> kept)) != 0) return false;
  }
  return true;
}

bool is_mapped(const IpAddress& address) {
  static constexpr std::array<std::uint8_t, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};
  return address.family == AF_INET6 &&
         std::equal(kPrefix.begin(), kPrefix.end(), address.octets.begin());
}

}  // namespace

std::optional<Fault> HostName::set(std::string_view text) {
  size_ = 0;
  if (text.ends_with('.')) text.remove_suffix(1);
  const bool ascii = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii) return Fault::kNotAscii;
  if (text.empty() || text.size() > kMaxName) return Fault::kNotAName;
  std::size_t label = 0;  // where it begins
  for (std::size_t i = 0; i < text.size(); ++i) {
    octets_[i] = lower(text[i]);
    if (octets_[i] == '.') {
      if (i == label) return Fault::kNotAName;
      label = i + 1;
    } else if (!is_name_octet(octets_[i]) || i - label == 63) {
      return parse_address(text) ? Fault::kAddress : Fault::kNotAName;
    }
  }
  if (label == text.size()) return Fault::kNotAName;
  if (is_number({octets_.data() + label, text.size() - label})) return Fault::kAddress;
  size_ = text.size();
  return std::nullopt;
}

std::optional<IpAddress> parse_address(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.empty() || text.size() >= copy.size() || text.find('\0') != text.npos) {
    return std::nullopt;
  }
  std::copy(text.begin(), text.end(), copy.begin());
  IpAddress address;
  address.family = text.find(':') == text.npos ? AF_INET : AF_INET6;
  if (inet_pton(address.family, copy.data(), address.octets.data()) != 1) return std::nullopt;
  return address;
}

ParsedNetwork parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return {};
  Network network{*address, static_cast<unsigned>(address->size()) * 8};
  if (slash != text.npos) {
    const std::string_view digits = text.substr(slash + 1);
    unsigned prefix = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc() || end != digits.data() + digits.size() || prefix > network.prefix ||
        (digits.size() > 1 && digits.front() == '0')) {
      return {};
    }
    network.prefix = prefix;
  }
  if (network.prefix == 0) return {std::nullopt, Fault::kEveryAddress};
  if (!is_clean(network)) return {std::nullopt, Fault::kBitsBeyondPrefix};
  if (is_mapped(*address)) return {std::nullopt, Fault::kMappedAddress};
  return {network, {}};
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && (is_blank(text.back()) || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::string_view take_word(std::string_view* text) {
  *text = trimmed(*text);
  const std::size_t end = std::min(text->find_first_of(" \t"), text->size());
  const std::string_view word = text->substr(0, end);
  *text = trimmed(text->substr(end));
  return word;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace gatehouse::lists
