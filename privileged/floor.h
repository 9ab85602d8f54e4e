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

class Floor {
 public:
  explicit Floor(std::vector<Network> lifted) : lifted_(std::move(lifted)) {}

  enum class Verdict { kAllowed, kDenied, kLocal };
  // kLocal: bind(2) of an ordinary socket succeeds, so it is this host's own (also broadcast).
  // Verdicts on local addresses are remembered for one second.
  Verdict judge(const IpAddress& destination, TimePoint now);

 private:
  struct Remembered {
    IpAddress address;
    bool local = false;
    TimePoint until;
  };

  bool is_local(const IpAddress& address, TimePoint now);

  std::vector<Network> lifted_;
  std::array<Remembered, 1024> remembered_;
};

}  // namespace gatehouse::privileged
