// SPDX-License-Identifier: Apache-2.0
// The DNS servers of the host, from the text of /etc/resolv.conf (resolv.conf(5)). Pure.
//
// Trusts: nothing. What is not clearly the address of a server is left out, and said so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace gatehouse::config {

struct HostServers {
  std::vector<Endpoint> servers;   // in the order of the text, each once, at most 8
  std::vector<std::string> notes;  // printable sentences: which lines are not used, and why
};

HostServers read_resolv_conf(std::string_view text);

// "not one of the addresses that can be asked" as a clause, or empty where it can.
std::string_view why_no_server(const IpAddress& address);

inline constexpr std::size_t kMaxResolvers = 8;
inline constexpr std::uint16_t kDnsPort = 53;

}  // namespace gatehouse::config
