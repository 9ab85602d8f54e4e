// SPDX-License-Identifier: Apache-2.0
// Names, addresses and words as lists write them. Pure functions.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/address.h"
#include "policy/lists/blob_format.h"
#include "policy/lists/fault.h"

namespace gatehouse::lists {

// A name in the form in which it is compared, or why it is none. kAddress: it is an IPv4 or IPv6
// address, or ends in a number as only addresses do (WHATWG URL 3.5); then *name is not set.
class HostName {
 public:
  std::optional<Fault> set(std::string_view text);
  std::string_view text() const { return {octets_.data(), size_}; }

 private:
  std::array<char, kMaxName> octets_;
  std::size_t size_ = 0;
};

// Without brackets, port or zone.
std::optional<IpAddress> parse_address(std::string_view text);

struct ParsedNetwork {
  std::optional<Network> network;
  Fault fault = Fault::kNotANetwork;  // where there is none
};
// An address or ADDRESS/PREFIX without bits beyond the prefix.
ParsedNetwork parse_network(std::string_view text);

bool is_blank(char c);  // space or tab
std::string_view trimmed(std::string_view text);
// The next word of *text, which loses it and the blanks around it; empty: there is none.
std::string_view take_word(std::string_view* text);
// Equal but for the case of letters.
bool same_word(std::string_view a, std::string_view b);

}  // namespace gatehouse::lists
