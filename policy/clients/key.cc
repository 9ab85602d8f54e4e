// SPDX-License-Identifier: Apache-2.0
#include "policy/clients/key.h"

#include <algorithm>

namespace gatehouse::clients {
namespace {

bool is_word(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

}  // namespace

bool is_label(std::string_view text) {
  const std::size_t equals = text.find('=');
  return equals != text.npos && is_word(text.substr(0, equals), kMaxLabelKey) &&
         is_word(text.substr(equals + 1), kMaxLabelValue);
}

IpAddress first_bits(const IpAddress& address, unsigned prefix) {
  IpAddress kept = address;
  for (unsigned i = 0; i < kept.octets.size(); ++i) {
    const unsigned bits = prefix > 8 * i ? std::min(prefix - 8 * i, 8U) : 0;
    kept.octets[i] &= static_cast<std::uint8_t>(0xff00U >> bits);
  }
  return kept;
}

std::uint64_t hash_of(lists::SipKey seed, Kind kind, const IpAddress& address, unsigned prefix,
                      std::string_view host) {
  lists::SipHash hash(seed);
  hash.add(static_cast<std::uint8_t>(kind));
  hash.add(static_cast<std::uint8_t>(prefix));
  for (const char octet : address.bytes()) hash.add(static_cast<std::uint8_t>(octet));
  for (const char octet : host) hash.add(static_cast<std::uint8_t>(octet));
  return hash.result().first;
}

}  // namespace gatehouse::clients
