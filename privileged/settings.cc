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

bool holds(const std::vector<Network>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.contains(address); });
}

bool within(std::uint64_t value, std::uint64_t low, std::uint64_t high) {
  return value >= low && value <= high;
}

std::optional<std::uint16_t> port_from(std::uint32_t port) {
  if (!within(port, 1, 65535)) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

std::optional<Endpoint> endpoint_from(const std::string& octets, std::uint32_t number) {
  const auto address = address_from_bytes(octets);
  const auto port = port_from(number);
  if (!address || !port) return std::nullopt;
  return Endpoint{*address, *port};
}

std::optional<Network> network_from(const wire::ConfigNetwork& from) {
  const auto address = address_from_bytes(from.address());
  if (!address || from.prefix() > address->size() * 8) return std::nullopt;
  return Network{*address, from.prefix()};
}

std::optional<ListenerSettings> listener_from(const wire::ConfigListener& from) {
  ListenerSettings to;
  const auto endpoint = endpoint_from(from.address(), from.port());
  if (!endpoint || from.mode() < 0 || from.mode() >= static_cast<int>(kModes)) return std::nullopt;
  to.endpoint = *endpoint;
  to.mode = static_cast<Mode>(from.mode());
  if (from.intercept_ports_size() > 64) return std::nullopt;
  for (const auto number : from.intercept_ports()) {
    const auto port = port_from(number);
    if (!port) return std::nullopt;
    to.intercept_ports.push_back(*port);
  }
  if (from.proxy_from_size() > 64) return std::nullopt;
  for (const auto& each : from.proxy_from()) {
    const auto peers = network_from(each);
    if (!peers) return std::nullopt;
    to.proxy_from.push_back(*peers);
  }
  return to;
}

std::optional<PortRange> ports_from(const wire::ConfigPortRange& from) {
  const auto first = port_from(from.first()), last = port_from(from.last());
  if (!first || !last || *first > *last) return std::nullopt;
  return PortRange{*first, *last};
}

// Adds to *to what from says of forward and reverse mode; the error says what is out of range.
const char* take_explicit_modes(const wire::Config& from, Settings* to) {
  const auto& forward = from.forward();
  if (forward.ports_size() > 64 || forward.connect_ports_size() > 64) return "too many port ranges";
  for (const auto* ranges : {&forward.ports(), &forward.connect_ports()}) {
    for (const auto& range : *ranges) {
      const auto ports = ports_from(range);
      if (!ports) return "a port range is out of range";
      to->forward_ports.push_back(*ports);
    }
  }
  if (forward.allow_private_size() > 256) return "more than 256 private networks";
  for (const auto& network : forward.allow_private()) {
    const auto allowed = network_from(network);
    if (!allowed) return "a private network is out of range";
    to->forward_private.push_back(*allowed);
  }
  to->forward_keep_source = forward.keep_source();
  if (from.resolver().servers_size() > 8) return "more than 8 DNS servers";
  for (const auto& server : from.resolver().servers()) {
    const auto endpoint = endpoint_from(server.address(), server.port());
    if (!endpoint) return "a DNS server is out of range";
    to->resolvers.push_back(*endpoint);
  }
  for (const auto& upstream : from.upstreams()) {
    for (const auto& server : upstream.servers()) {
      const auto endpoint = endpoint_from(server.address(), server.port());
      if (!endpoint || to->servers.size() >= 1024) return "an upstream server is out of range";
      to->servers[server.id()] = {*endpoint, upstream.keep_source()};
    }
  }
  return nullptr;
}

std::optional<PolicyFloor::Term> term_from(bool present, const wire::ConfigFloorTerm& from,
                                           std::size_t sets) {
  if (!present) return PolicyFloor::Term();
  if (from.set() >= sets) return std::nullopt;
  return PolicyFloor::Term{from.set(), from.negated()};
}

std::optional<PolicyFloor::Rule> floor_rule_from(const wire::ConfigFloorRule& from,
                                                 std::size_t sets) {
  const auto client = term_from(from.has_client(), from.client(), sets);
  const auto destination = term_from(from.has_destination(), from.destination(), sets);
  if (!client || !destination) return std::nullopt;
  PolicyFloor::Rule rule{from.allow(), from.needs_proof(), *client, *destination, {}};
  for (const auto& range : from.ports()) {
    const auto ports = ports_from(range);
    if (!ports) return std::nullopt;
    rule.ports.push_back(*ports);
  }
  return rule;
}

// The bounds keep what it takes in memory, and the time to make it, small (policy_floor.h).
const char* take_policy_floor(const wire::ConfigPolicyFloor& from, Settings* to) {
  constexpr std::size_t kMaxNetworks = 4096, kMaxRanges = 4096;
  if (from.sets_size() > 1024) return "more than 1024 sets in the policy's floor";
  PolicyFloor::Sets sets;
  std::size_t networks = 0;
  for (const auto& set : from.sets()) {
    networks += static_cast<std::size_t>(set.networks_size());
    if (networks > kMaxNetworks) return "more than 4096 networks in the policy's floor";
    sets.emplace_back();
    for (const auto& each : set.networks()) {
      const auto network = network_from(each);
      if (!network) return "a network of the policy's floor is out of range";
      sets.back().push_back(*network);
    }
  }
  if (from.modes_size() != static_cast<int>(kModes)) return "a policy's floor of other modes";
  for (unsigned mode = 0; mode < kModes; ++mode) {
    const auto& all = from.modes(static_cast<int>(mode)).rules();
    if (all.size() > 1024) return "more than 1024 rules in the policy's floor";
    std::vector<PolicyFloor::Rule> rules;
    std::size_t ranges = 0;
    for (const auto& each : all) {
      const auto rule = floor_rule_from(each, sets.size());
      if (!rule) return "a rule of the policy's floor is out of range";
      ranges += rule->ports.size();
      if (ranges > kMaxRanges) return "more than 4096 port ranges in the policy's floor";
      rules.push_back(*rule);
    }
    to->policy_floors[mode] = std::make_shared<const PolicyFloor>(sets, rules);
  }
  return nullptr;
}

}  // namespace

bool Settings::uses(Mode mode) const {
  return std::any_of(listeners.begin(), listeners.end(),
                     [&](const ListenerSettings& listener) { return listener.mode == mode; });
}

bool Settings::forwards_to(std::uint16_t port) const {
  return std::any_of(forward_ports.begin(), forward_ports.end(), [&](const PortRange& range) {
    return range.first <= port && port <= range.last;
  });
}

bool Settings::listens(Mode mode, const Endpoint& local) const {
  const IpAddress any{local.address.family, {}};
  return std::any_of(listeners.begin(), listeners.end(), [&](const ListenerSettings& listener) {
    return listener.mode == mode && listener.endpoint.port == local.port &&
           (listener.endpoint.address == local.address || listener.endpoint.address == any);
  });
}

bool Settings::intercepts(std::uint16_t port) const {
  return std::any_of(listeners.begin(), listeners.end(), [&](const ListenerSettings& listener) {
    const auto& ports = listener.intercept_ports;
    return std::find(ports.begin(), ports.end(), port) != ports.end();
  });
}

bool Settings::serves(const IpAddress& client) const {
  if (clients.empty()) return !floor_reason(client);
  return holds(clients, client);
}

bool Settings::speaks_for_others(Mode mode, const IpAddress& peer) const {
  return std::any_of(listeners.begin(), listeners.end(), [&](const ListenerSettings& listener) {
    return listener.mode == mode && holds(listener.proxy_from, peer);
  });
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
  if (const char* what = take_explicit_modes(config, &settings)) return bad(what);
  if (config.has_policy_floor()) {
    if (const char* what = take_policy_floor(config.policy_floor(), &settings)) return bad(what);
  }
  return settings;
}

}  // namespace gatehouse::privileged
