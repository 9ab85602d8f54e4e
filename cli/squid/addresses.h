// SPDX-License-Identifier: Apache-2.0
// Sets of IP addresses as squid.conf writes them and as rule files do.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "cli/squid/interval_set.h"

namespace gatehouse::squid {

__extension__ using Uint128 = unsigned __int128;

class Addresses {
 public:
  static Addresses all();

  // "10.0.0.0/8", "10.0.0.0/255.0.0.0", "10.0.0.1-10.0.0.9", an address, all, ipv4, ipv6. false: it
  // is none of these, such as a name that Squid would resolve.
  bool add(std::string_view text);

  Addresses complement() const;
  Addresses intersection(const Addresses& other) const;
  bool empty() const { return four_.empty() && six_.empty(); }
  bool is_all() const { return four_.is_all() && six_.is_all(); }
  bool within(const Addresses& other) const { return intersection(other.complement()).empty(); }
  // The fewest networks, as text.
  std::vector<std::string> networks() const;

 private:
  IntervalSet<Uint128> four_{0xffffffffU}, six_{~Uint128{0}};
};

}  // namespace gatehouse::squid
