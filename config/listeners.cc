// SPDX-License-Identifier: Apache-2.0
#include "config/listeners.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "config/networks.h"
#include "config/section.h"
#include "config/values.h"

namespace gatehouse::config {
namespace {

constexpr std::size_t kMaxInterceptPorts = 64;  // each Connect looks through them
constexpr std::int64_t kMaxPort = 65535;

constexpr std::size_t kMaxProxyNetworks = 64;  // each connection looks through them

// One address of one [[listen]].
struct Listener {
  Endpoint endpoint;
  Position position;  // of its [[listen]]
};

// Keys that one mode has and the others have not.
struct OwnKey {
  std::string_view key;
  wire::ConfigMode mode;
};
constexpr OwnKey kOwnKeys[] = {{"intercept", wire::TRANSPARENT},
                               {"on_not_http", wire::TRANSPARENT},
                               {"upstream", wire::REVERSE}};

// Nothing: it is wrong, and said so.
std::optional<wire::ConfigMode> read_mode(Section& section, const wire::Config& config) {
  constexpr int kWrong = -1;
  const Node* node = section.find("mode");
  int mode = node == nullptr ? static_cast<int>(wire::TRANSPARENT) : kWrong;
  section.choice(
      "mode",
      {{"transparent", wire::TRANSPARENT}, {"forward", wire::FORWARD}, {"reverse", wire::REVERSE}},
      &mode);
  if (mode == kWrong) return std::nullopt;
  if (mode == wire::FORWARD && config.clients().empty()) {
    section.complain(
        *node, "mode",
        "is \"forward\", and [gateway] clients is empty, so that everybody who reaches "
        "the port could go anywhere in the name of this host; valid is [gateway] "
        "clients with the networks of those who may, such as [\"10.0.0.0/8\"]");
  }
  return static_cast<wire::ConfigMode>(mode);
}

std::optional<IpAddress> read_address(Section& section, bool* wrong) {
  const Node* node = section.find("address");
  if (node == nullptr) return std::nullopt;
  *wrong = true;
  constexpr std::string_view kValid =
      "; valid is an IPv4 or IPv6 address of this host, \"0.0.0.0\" or \"::\" (or leave it out: "
      "both)";
  const auto address = node->kind == Node::Kind::kString ? parse_address(node->text) : std::nullopt;
  if (!address) {
    section.complain(*node, "address", "is " + shown(*node) + std::string(kValid));
  } else if (is_v4_mapped(*address)) {
    section.complain(
        *node, "address",
        "is " + shown(*node) + ", an IPv4 address in IPv6 clothes" + std::string(kValid));
  } else if (is_multicast(*address)) {
    section.complain(*node, "address",
                     "is " + shown(*node) + ", a multicast address" + std::string(kValid));
  } else {
    *wrong = false;
  }
  return address;
}

// intercept.ports, or the usual one.
std::vector<std::uint32_t> read_intercept(Section& section, Diagnostics* diagnostics) {
  std::vector<std::uint32_t> usual = {kUsualInterceptPort};
  const Node* table = section.find("intercept");
  if (table == nullptr) return usual;
  if (table->kind != Node::Kind::kTable) {
    section.complain(*table, "intercept",
                     "is " + shown(*table) + "; valid is a table such as { ports = [80] }");
    return usual;
  }
  Section intercept("[[listen]] intercept.", table, diagnostics);
  const Node* ports = intercept.find("ports");
  intercept.finish();
  if (ports == nullptr) return usual;
  constexpr std::string_view kValid =
      "; valid is an array of 1 to 64 port numbers from 1 to 65535, such as [80, 8080]";
  if (ports->kind != Node::Kind::kArray || ports->items.empty() ||
      ports->items.size() > kMaxInterceptPorts) {
    std::string is = "is " + shown(*ports);
    if (ports->kind == Node::Kind::kArray) {
      is = "holds " + std::to_string(ports->items.size()) + " ports";
    }
    intercept.complain(*ports, "ports", is + std::string(kValid));
    return usual;
  }
  std::vector<std::uint32_t> result;
  for (const Node& item : ports->items) {
    if (item.kind != Node::Kind::kInteger || item.integer < 1 || item.integer > kMaxPort) {
      intercept.complain(item, "ports", "holds " + shown(item) + std::string(kValid));
      continue;
    }
    const auto port = static_cast<std::uint32_t>(item.integer);
    if (std::find(result.begin(), result.end(), port) != result.end()) {
      intercept.complain(item, "ports",
                         "holds " + std::to_string(port) + " twice; valid is each port once");
      continue;
    }
    result.push_back(port);
  }
  return result;
}

bool read_on_not_http(Section& section) {
  int tunnel = 0;
  section.choice("on_not_http", {{"refuse", 0}, {"tunnel", 1}}, &tunnel);
  return tunnel == 1;
}

// Index into config.upstreams; 0 where it is wrong, and said so.
std::uint32_t read_upstream_name(Section& section, const wire::Config& config) {
  std::vector<std::string_view> names;
  for (const wire::ConfigUpstream& upstream : config.upstreams()) {
    if (!upstream.name().empty()) names.push_back(upstream.name());
  }
  const Node* node = section.find("upstream");
  for (int i = 0; node != nullptr && i < config.upstreams_size(); ++i) {
    const bool text = node->kind == Node::Kind::kString && !node->text.empty();
    if (text && node->text == config.upstreams(i).name()) return static_cast<std::uint32_t>(i);
  }
  const std::string valid =
      "; valid is the name of an [[upstream]] section" +
      (names.empty() ? ", of which there is none" : ": " + alternatives(names));
  if (node == nullptr) {
    section.complain_at_section(
        "upstream", "is missing, which says where mode = \"reverse\" takes requests" + valid);
    return 0;
  }
  std::string is = "is " + shown(*node);
  if (const auto near = nearest(node->text, names); near && node->kind == Node::Kind::kString) {
    is.append(" (did you mean ").append(quoted(*near)).append("?)");
  }
  section.complain(*node, "upstream", is + valid);
  return 0;
}

std::uint32_t usual_port(wire::ConfigMode mode) {
  if (mode == wire::FORWARD) return kUsualForwardPort;
  return mode == wire::REVERSE ? kUsualReversePort : kUsualTransparentPort;
}

// What the keys of the mode say.
void read_own_keys(Section& section, wire::ConfigMode mode, const wire::Config& config,
                   Diagnostics* diagnostics, wire::ConfigListener* listener) {
  listener->set_mode(mode);
  if (mode == wire::TRANSPARENT) {
    for (const std::uint32_t port : read_intercept(section, diagnostics)) {
      listener->add_intercept_ports(port);
    }
    listener->set_tunnel_not_http(read_on_not_http(section));
  } else if (mode == wire::REVERSE) {
    listener->set_upstream(read_upstream_name(section, config));
  }
  for (const OwnKey& own : kOwnKeys) {
    if (own.mode == mode) continue;
    section.refuse(own.key, "is a key of mode = " + quoted(mode_name(own.mode)) +
                                ", and this listener has mode = " + quoted(mode_name(mode)));
  }
}

// A second socket on the same port gets connections that were meant for the first.
bool collide(const Endpoint& a, const Endpoint& b) {
  return a.port == b.port && a.address.family == b.address.family &&
         (a.address == b.address || is_wildcard(a.address) || is_wildcard(b.address));
}

void check_collisions(Section& section, const std::vector<Listener>& earlier,
                      const std::vector<Listener>& now) {
  for (const Listener& mine : now) {
    for (const Listener& other : earlier) {
      if (!collide(mine.endpoint, other.endpoint)) continue;
      const bool same = mine.endpoint == other.endpoint;
      section.complain_at_section(
          "port",
          to_string(mine.endpoint) +
              (same ? " is listened on already" : " overlaps with " + to_string(other.endpoint)) +
              " by the [[listen]] at line " + std::to_string(other.position.line) +
              "; valid is another port" +
              (same ? " or address" : ", or addresses of their own in both"));
      return;
    }
  }
}

void read_listener(const Node& table, Diagnostics* diagnostics, std::vector<Listener>* all,
                   wire::Config* config) {
  Section section("[[listen]]", &table, diagnostics);
  const auto mode = read_mode(section, *config);
  bool wrong_address = false;
  const auto address = read_address(section, &wrong_address);
  std::uint32_t port = usual_port(mode.value_or(wire::TRANSPARENT));
  section.integer("port", {1, kMaxPort}, &port);
  wire::ConfigListener listener;
  for (const ReadNetwork& peers : read_networks(section, "proxy_from", kMaxProxyNetworks)) {
    *listener.add_proxy_from() = to_wire(peers.network);
  }
  // Which keys are its own is not known without a mode.
  if (!mode) return;
  read_own_keys(section, *mode, *config, diagnostics, &listener);
  section.finish();
  if (wrong_address) return;

  std::vector<Listener> mine;
  const auto endpoint = [&](const IpAddress& on) {
    return Listener{{on, static_cast<std::uint16_t>(port)}, section.position()};
  };
  if (address) {
    mine.push_back(endpoint(*address));
  } else {
    mine.push_back(endpoint({AF_INET, {}}));
    mine.push_back(endpoint({AF_INET6, {}}));
  }
  check_collisions(section, *all, mine);
  for (const Listener& one : mine) {
    all->push_back(one);
    listener.set_address(std::string(one.endpoint.address.bytes()));
    listener.set_port(one.endpoint.port);
    *config->add_listeners() = listener;
  }
}

}  // namespace

std::string_view mode_name(wire::ConfigMode mode) {
  if (mode == wire::FORWARD) return "forward";
  return mode == wire::REVERSE ? "reverse" : "transparent";
}

void read_listeners(const Node& root, Diagnostics* diagnostics, wire::Config* config) {
  std::vector<Listener> all;
  const Node usual;  // an empty table: all defaults
  const auto entry = std::find_if(root.entries.begin(), root.entries.end(),
                                  [](const Entry& one) { return one.key == "listen"; });
  if (entry == root.entries.end()) {
    read_listener(usual, diagnostics, &all, config);
    return;
  }
  for (const Node* table : find_tables(root, "listen", "for each listener", diagnostics)) {
    read_listener(*table, diagnostics, &all, config);
  }
  if (config->listeners_size() > kMaxListeners) {
    diagnostics->add(entry->position, "[[listen]]",
                     "makes " + std::to_string(config->listeners_size()) +
                         " listeners (without an address it makes two); valid is at most " +
                         std::to_string(kMaxListeners) + " in all");
  }
}

}  // namespace gatehouse::config
