// SPDX-License-Identifier: Apache-2.0
// The policy floor: destinations that are never allowed, whatever the configuration says. Compiled
// in, lifted only by --allow-destination on the command line of gatehoused.
//
// Runs in: parent. Trusts: nothing; the address comes from the kernel, the client chose it.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "privileged/loop.h"

namespace gatehouse::privileged {

// Why an address is never a destination, as a short phrase for the log; nothing when it may be one.
// Addresses that carry an IPv4 address inside (mapped, compatible, 6to4, NAT64, Teredo) are judged
// by that one too. Ranges: RFC 6890 and the cloud metadata addresses.
std::optional<std::string_view> floor_reason(const IpAddress& address);

// Addresses of private use (RFC 1918, RFC 6598, RFC 4193), alone or inside an IPv6 address.
bool is_private(const IpAddress& address);

class Floor {
 public:
  // What the command line lifts: --allow-destination and --allow-endpoint.
  struct Lifted {
    std::vector<Network> destinations;
    std::vector<Endpoint> endpoints;
  };
  explicit Floor(Lifted lifted) : lifted_(std::move(lifted)) {}

  enum class Verdict { kAllowed, kDenied, kLocal };
  // kLocal: bind(2) of an ordinary socket succeeds, so it is this host's own (also broadcast).
  // Verdicts on local addresses are remembered for one second.
  Verdict judge(const IpAddress& destination, TimePoint now);
  // For what the configuration names: a server, a resolver. This host's own addresses are fine, but
  // what the floor denies needs the command line.
  bool forbids_endpoint(const Endpoint& endpoint) const;

 private:
  struct Remembered {
    IpAddress address;
    bool local = false;
    TimePoint until;
  };

  bool is_lifted(const IpAddress& address) const;
  bool is_local(const IpAddress& address, TimePoint now);

  Lifted lifted_;
  std::array<Remembered, 1024> remembered_;
};

}  // namespace gatehouse::privileged
