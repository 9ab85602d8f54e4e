// SPDX-License-Identifier: Apache-2.0
// What the parent takes from the compiled configuration, checked by bounds.
//
// Trusts: nothing; the loader reads hostile text and may be taken over. Nothing here can lift the
// floor (privileged/floor.h).
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "privileged/policy_floor.h"

namespace gatehouse::privileged {

enum class Mode { kTransparent = 0, kForward = 1, kReverse = 2 };
inline constexpr unsigned kModes = 3;

struct ListenerSettings {
  Mode mode = Mode::kTransparent;
  Endpoint endpoint;
  std::vector<std::uint16_t> intercept_ports;  // transparent
  std::vector<Network> proxy_from;             // peers that speak for clients of their own
};

// A server of the configuration that workers may ask for by its id.
struct ServerSettings {
  Endpoint endpoint;
  bool keep_source = false;
};

struct Settings {
  unsigned workers = 1;  // for each mode in use
  bool keep_source = true;
  unsigned sockets_per_listener = 16;
  std::vector<ListenerSettings> listeners;
  std::vector<Network> clients;  // empty: any unicast source outside the floor
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds stall_timeout{};
  std::chrono::milliseconds drain_timeout{};
  unsigned quota_burst = 0;
  unsigned quota_per_second = 0;

  std::vector<PortRange> forward_ports;
  std::vector<Network> forward_private;  // private networks that may be destinations
  bool forward_keep_source = false;
  std::map<std::uint32_t, ServerSettings> servers;  // by id
  std::vector<Endpoint> resolvers;
  std::array<std::shared_ptr<const PolicyFloor>, kModes> policy_floors;  // null: there is no policy

  bool uses(Mode mode) const;
  bool intercepts(std::uint16_t port) const;
  bool serves(const IpAddress& client) const;
  // A peer of listeners of this mode whose clients only the worker gets to know.
  bool speaks_for_others(Mode mode, const IpAddress& peer) const;
  bool forwards_to(std::uint16_t port) const;
  // Is this local endpoint of an accepted connection one of a listener of this mode?
  bool listens(Mode mode, const Endpoint& local) const;
};

// From the serialized wire::Config. The error is a sentence for the administrator.
Result<Settings> settings_from(const std::string& serialized);

}  // namespace gatehouse::privileged
