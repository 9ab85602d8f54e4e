// SPDX-License-Identifier: Apache-2.0
#include "config/resolv_conf.h"

#include <algorithm>

#include "config/values.h"

namespace gatehouse::config {
namespace {

constexpr std::string_view kBlank = " \t\r";
constexpr std::size_t kMaxNotes = 8;

// The address of a nameserver line; empty for every other line. The keyword begins the line, as the
// C library wants it.
std::string_view server_text(std::string_view line) {
  constexpr std::string_view kKeyword = "nameserver";
  if (!line.starts_with(kKeyword)) return {};
  line.remove_prefix(kKeyword.size());
  const std::size_t begin = line.find_first_not_of(kBlank);
  if (begin == 0 || begin == line.npos) return {};
  line.remove_prefix(begin);
  return line.substr(0, line.find_first_of(" \t\r;#"));
}

}  // namespace

std::string_view why_no_server(const IpAddress& address) {
  if (is_wildcard(address)) return "means no particular host";
  if (is_multicast(address)) return "is a multicast address";
  if (is_v4_mapped(address)) return "is an IPv4 address in IPv6 clothes";
  return {};
}

HostServers read_resolv_conf(std::string_view text) {
  HostServers result;
  unsigned number = 0;
  const auto note = [&](std::string_view server, std::string_view why) {
    if (result.notes.size() == kMaxNotes) return;
    result.notes.push_back("/etc/resolv.conf:" + std::to_string(number) + ": nameserver " +
                           printable(server, 60) + " is not used: " + std::string(why));
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view server = server_text(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (server.empty()) continue;
    const auto address = parse_address(server);
    if (!address) {
      note(server, server.find('%') == server.npos
                       ? "it is no IP address"
                       : "an address with a zone is none that the gateway can ask");
      continue;
    }
    if (const auto why = why_no_server(*address); !why.empty()) {
      note(server, "it " + std::string(why));
      continue;
    }
    const Endpoint endpoint{*address, kDnsPort};
    auto& servers = result.servers;
    if (std::find(servers.begin(), servers.end(), endpoint) != servers.end()) continue;
    if (servers.size() == kMaxResolvers) {
      note(server, "it is one more than the 8 that can be");
      continue;
    }
    servers.push_back(endpoint);
  }
  return result;
}

}  // namespace gatehouse::config
