// SPDX-License-Identifier: Apache-2.0
#include "config/listeners.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "config/section.h"
#include "config/values.h"

namespace gatehouse::config {
namespace {

constexpr std::size_t kMaxInterceptPorts = 64;  // each Connect looks through them
constexpr std::int64_t kMaxPort = 65535;

// One address of one [[listen]].
struct Listener {
  Endpoint endpoint;
  Position position;  // of its [[listen]]
};

void read_mode(Section& section) {
  const Node* node = section.find("mode");
  if (node == nullptr) return;
  const bool text = node->kind == Node::Kind::kString;
  if (text && node->text == "transparent") return;
  const bool missing = text && (node->text == "forward" || node->text == "reverse");
  section.complain(*node, "mode",
                   "is " + shown(*node) +
                       (missing ? ", a mode that this version does not have" : "") +
                       "; valid is \"transparent\"");
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

void add(const Listener& listener, const std::vector<std::uint32_t>& ports,
         std::vector<Listener>* all, wire::Config* config) {
  all->push_back(listener);
  wire::ConfigListener* added = config->add_listeners();
  added->set_address(std::string(listener.endpoint.address.bytes()));
  added->set_port(listener.endpoint.port);
  for (const std::uint32_t port : ports) added->add_intercept_ports(port);
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
  read_mode(section);
  bool wrong_address = false;
  const auto address = read_address(section, &wrong_address);
  std::uint32_t port = kUsualListenPort;
  section.integer("port", {1, kMaxPort}, &port);
  const std::vector<std::uint32_t> ports = read_intercept(section, diagnostics);
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
  for (const Listener& listener : mine) add(listener, ports, all, config);
}

}  // namespace

void read_listeners(const Node& root, Diagnostics* diagnostics, wire::Config* config) {
  std::vector<Listener> all;
  const Node usual;  // an empty table: all defaults
  const auto entry = std::find_if(root.entries.begin(), root.entries.end(),
                                  [](const Entry& one) { return one.key == "listen"; });
  if (entry == root.entries.end()) {
    read_listener(usual, diagnostics, &all, config);
    return;
  }
  const Node& listen = entry->value;
  const bool tables = listen.kind == Node::Kind::kArray && !listen.items.empty() &&
                      std::all_of(listen.items.begin(), listen.items.end(),
                                  [](const Node& item) { return item.kind == Node::Kind::kTable; });
  if (!tables) {
    diagnostics->add(
        entry->position, "listen",
        "is " + std::string(listen.kind_name()) +
            "; valid is one [[listen]] section (in double brackets) for each listener");
    return;
  }
  for (const Node& table : listen.items) read_listener(table, diagnostics, &all, config);
  if (config->listeners_size() > kMaxListeners) {
    diagnostics->add(entry->position, "[[listen]]",
                     "makes " + std::to_string(config->listeners_size()) +
                         " listeners (without an address it makes two); valid is at most " +
                         std::to_string(kMaxListeners) + " in all");
  }
}

}  // namespace gatehouse::config
