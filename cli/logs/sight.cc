// SPDX-License-Identifier: Apache-2.0
#include "cli/logs/sight.h"

#include <algorithm>

#include "config/values.h"

namespace gatehouse::logs {
namespace {

constexpr std::uint16_t kHttpPort = 80, kHttpsPort = 443;

// Of a request: who it is for, and what.
struct Target {
  std::string_view authority, path;
  std::uint16_t port = kHttpPort;  // where the authority has none
  bool tunnel = false;             // CONNECT, or what comes in one
};

std::optional<Target> read_target(const Record& record) {
  Target target;
  std::string_view text = record.target;
  if (record.method == "CONNECT") {
    return Target{text, {}, kHttpsPort, true};
  }
  if (text.starts_with('/') || text == "*") {
    target.authority = record.host;
    target.path = text;
    return target;
  }
  // Squid logs what it has seen in a tunnel that it opened.
  target.tunnel = text.starts_with("https://");
  if (!target.tunnel && !text.starts_with("http://")) return std::nullopt;
  if (target.tunnel) target.port = kHttpsPort;
  text.remove_prefix(target.tunnel ? 8 : 7);
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  target.authority = text.substr(0, end);
  target.path = text.substr(end).starts_with('/') ? text.substr(end) : "/";
  return target;
}

struct Host {
  std::string_view name;  // empty: an address, or none
  IpAddress literal;
  std::optional<std::uint16_t> port;
};

Host split(std::string_view authority) {
  Host host;
  const std::size_t colon = authority.rfind(':');
  if (colon != authority.npos && authority.find(']', colon) == authority.npos) {
    host.port = config::parse_port(authority.substr(colon + 1));
    if (host.port || colon + 1 == authority.size()) authority = authority.substr(0, colon);
  }
  std::string_view inner = authority;
  if (inner.starts_with('[') && inner.ends_with(']')) inner = inner.substr(1, inner.size() - 2);
  if (const auto literal = config::parse_address(inner)) {
    host.literal = *literal;
  } else {
    host.name = authority;
  }
  return host;
}

policy::Verified verified(const Record& record, wire::ConfigMode mode, const Host& host) {
  if (mode != wire::TRANSPARENT) return policy::Verified::kYes;
  if (host.literal.family != AF_UNSPEC) return policy::Verified::kYes;
  if (host.name.empty()) return policy::Verified::kNo;
  if (!record.name_matches) return policy::Verified::kUnknown;
  return *record.name_matches ? policy::Verified::kYes : policy::Verified::kNo;
}

// What isn't HTTP shows where it goes.
void see_tunnel(policy::Request* request) {
  request->method = request->host = request->path = {};
  request->verified = policy::Verified::kNo;
}

// Squid's destination is where it connected to, if it did.
void see_destination(const Record& record, const Target& target, const Host& host, Sight* sight) {
  policy::Request& request = sight->request;
  const std::uint16_t port = host.port.value_or(target.port);
  if (request.mode == wire::FORWARD) {
    request.destination = {host.literal, port};
  } else if (record.format == Format::kSquid) {
    request.destination = {record.destination.address, port};
    if (host.literal.family != AF_UNSPEC) request.destination.address = host.literal;
    sight->address_known = request.destination.address.family != AF_UNSPEC;
  }
}

}  // namespace

wire::ConfigMode likely_mode(const Record& record, const policy::Modes& modes) {
  if (record.mode) return *record.mode;
  const bool proxied =
      record.method == "CONNECT" || record.target.find("://") != record.target.npos;
  if (proxied && modes.forward) return wire::FORWARD;
  if (modes.transparent) return wire::TRANSPARENT;
  return modes.reverse ? wire::REVERSE : wire::FORWARD;
}

std::optional<Sight> sight_of(const Record& record, wire::ConfigMode mode) {
  Sight sight;
  policy::Request& request = sight.request;
  request.client = record.client;
  request.mode = mode;
  request.now = record.time;
  request.destination = record.destination;
  sight.port_known = record.format != Format::kSquid && mode != wire::TRANSPARENT;
  if (sight.port_known) request.listener_port = record.destination.port;
  if (record.method.empty()) {
    if (mode == wire::FORWARD) return std::nullopt;  // speaks only HTTP
    see_tunnel(&request);
    return sight;
  }
  const auto target = read_target(record);
  if (!target) return std::nullopt;
  const Host host = split(target->authority);
  request.method = record.method;
  request.host = host.name;
  request.verified = verified(record, mode, host);
  see_destination(record, *target, host, &sight);
  if (!target->tunnel) {
    request.path = target->path;
  } else if (mode == wire::TRANSPARENT) {
    see_tunnel(&request);
  } else {
    request.method = "CONNECT";
  }
  return sight;
}

}  // namespace gatehouse::logs
