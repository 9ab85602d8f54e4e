// SPDX-License-Identifier: Apache-2.0
#include "resolver/name.h"

#include <arpa/inet.h>

#include <algorithm>

namespace gatehouse::resolver {
namespace {

constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestLabel = 63;

std::optional<IpAddress> literal(const std::string& text) {
  IpAddress address;
  for (const sa_family_t family : {AF_INET, AF_INET6}) {
    address.family = family;
    if (inet_pton(family, text.c_str(), address.octets.data()) == 1) return address;
  }
  return std::nullopt;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLongestLabel &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

// Decimal, octal or hexadecimal, as "127.1" and "0x7f.1" end.
bool is_number(std::string_view label) {
  if (label.starts_with("0x")) return label.find_first_not_of("0123456789abcdef", 2) == label.npos;
  return label.find_first_not_of("0123456789") == label.npos;
}

}  // namespace

std::string canonical_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string canonical(name);
  for (char& c : canonical) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return canonical;
}

std::optional<std::vector<IpAddress>> known_addresses(const std::string& name) {
  const std::vector<IpAddress> none;
  if (name.size() > kLongestName || name.find('\0') != name.npos) return none;
  if (const auto address = literal(name)) return std::vector<IpAddress>{*address};
  std::string_view rest = name, label;
  for (bool last = false; !last;) {
    const std::size_t dot = rest.find('.');
    last = dot == rest.npos;
    label = rest.substr(0, dot);
    if (!is_label(label)) return none;
    if (!last) rest.remove_prefix(dot + 1);
  }
  if (is_number(label) || label == "onion") return none;
  if (label == "localhost") {
    return std::vector<IpAddress>{*literal("::1"), *literal("127.0.0.1")};
  }
  return std::nullopt;
}

}  // namespace gatehouse::resolver
