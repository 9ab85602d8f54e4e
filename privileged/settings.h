// SPDX-License-Identifier: Apache-2.0
// What the parent takes from the compiled configuration, checked by bounds.
//
// Trusts: nothing; the loader reads hostile text and may be taken over. Nothing here can lift the
// floor (privileged/floor.h).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace gatehouse::privileged {

struct ListenerSettings {
  Endpoint endpoint;
  std::vector<std::uint16_t> intercept_ports;
};

struct Settings {
  unsigned workers = 1;
  bool keep_source = true;
  unsigned sockets_per_listener = 16;
  std::vector<ListenerSettings> listeners;
  std::vector<Network> clients;  // empty: any unicast source outside the floor
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds stall_timeout{};
  std::chrono::milliseconds drain_timeout{};
  unsigned quota_burst = 0;
  unsigned quota_per_second = 0;

  bool intercepts(std::uint16_t port) const;
  bool serves(const IpAddress& client) const;
};

// From the serialized wire::Config. The error is a sentence for the administrator.
Result<Settings> settings_from(const std::string& serialized);

}  // namespace gatehouse::privileged
