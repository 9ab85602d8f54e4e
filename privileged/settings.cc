// SPDX-License-Identifier: Apache-2.0
#include "privileged/settings.h"

#include <algorithm>
#include <optional>

#include "privileged/floor.h"
#include "proto/config.pb.h"

namespace gatehouse::privileged {
namespace {

Error bad(const char* what) {
  return Error{EINVAL, std::string("the loader's result is refused: ") + what};
}

bool within(std::uint64_t value, std::uint64_t low, std::uint64_t high) {
  return value >= low && value <= high;
}

std::optional<ListenerSettings> listener_from(const wire::ConfigListener& from) {
  ListenerSettings to;
  const auto address = address_from_bytes(from.address());
  if (!address || !within(from.port(), 1, 65535) || !within(from.intercept_ports_size(), 1, 64)) {
    return std::nullopt;
  }
  to.endpoint = {*address, static_cast<std::uint16_t>(from.port())};
  for (const auto port : from.intercept_ports()) {
    if (!within(port, 1, 65535)) return std::nullopt;
    to.intercept_ports.push_back(static_cast<std::uint16_t>(port));
  }
  return to;
}

std::optional<Network> network_from(const wire::ConfigNetwork& from) {
  const auto address = address_from_bytes(from.address());
  if (!address || from.prefix() > address->size() * 8) return std::nullopt;
  return Network{*address, from.prefix()};
}

}  // namespace

bool Settings::intercepts(std::uint16_t port) const {
  return std::any_of(listeners.begin(), listeners.end(), [&](const ListenerSettings& listener) {
    const auto& ports = listener.intercept_ports;
    return std::find(ports.begin(), ports.end(), port) != ports.end();
  });
}

bool Settings::serves(const IpAddress& client) const {
  if (clients.empty()) return !floor_reason(client);
  return std::any_of(clients.begin(), clients.end(),
                     [&](const Network& network) { return network.contains(client); });
}

Result<Settings> settings_from(const std::string& serialized) {
  wire::Config config;
  if (!config.ParseFromString(serialized) || config.ByteSizeLong() != serialized.size()) {
    return bad("it is not a configuration");
  }
  if (config.version() != 1) return bad("unknown version");
  if (!within(config.workers(), 1, 64)) return bad("workers is out of range");
  if (!within(config.sockets_per_listener(), 1, 64))
    return bad("sockets_per_listener is out of range");
  if (!within(config.listeners_size(), 1, 16))
    return bad("between 1 and 16 listeners are possible");
  if (config.clients_size() > 256) return bad("more than 256 client networks");
  constexpr std::uint64_t kDay = 86'400'000;
  const auto& times = config.timeouts();
  if (!within(times.connect_ms(), 1, kDay) || !within(times.stall_ms(), 1, kDay) ||
      !within(times.drain_ms(), 0, kDay)) {
    return bad("a time-out is out of range");
  }
  if (!within(config.quota().burst(), 1, 1'000'000) ||
      !within(config.quota().per_second(), 1, 1'000'000)) {
    return bad("the quota is out of range");
  }

  Settings settings;
  settings.workers = config.workers();
  settings.keep_source = config.keep_source();
  settings.sockets_per_listener = config.sockets_per_listener();
  settings.connect_timeout = std::chrono::milliseconds(times.connect_ms());
  settings.stall_timeout = std::chrono::milliseconds(times.stall_ms());
  settings.drain_timeout = std::chrono::milliseconds(times.drain_ms());
  settings.quota_burst = config.quota().burst();
  settings.quota_per_second = config.quota().per_second();
  for (const auto& from : config.listeners()) {
    const auto listener = listener_from(from);
    if (!listener) return bad("a listener is out of range");
    settings.listeners.push_back(*listener);
  }
  for (const auto& from : config.clients()) {
    const auto network = network_from(from);
    if (!network) return bad("a client network is out of range");
    settings.clients.push_back(*network);
  }
  return settings;
}

}  // namespace gatehouse::privileged
