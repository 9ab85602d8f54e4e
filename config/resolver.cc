// SPDX-License-Identifier: Apache-2.0
#include "config/resolver.h"

#include <algorithm>
#include <optional>

#include "config/resolv_conf.h"
#include "config/section.h"
#include "config/values.h"

namespace gatehouse::config {
namespace {

constexpr std::uint64_t kSecond = 1000;  // milliseconds

// The setting that makes names needed.
struct Need {
  Position position;
  std::string_view where;
};

const Node* find_value(const Node* table, std::string_view key) {
  if (table == nullptr) return nullptr;
  for (const Entry& entry : table->entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

bool has_transparent(const wire::Config& config) {
  const auto& listeners = config.listeners();
  return std::any_of(listeners.begin(), listeners.end(), [](const wire::ConfigListener& listener) {
    return listener.mode() == wire::TRANSPARENT;
  });
}

std::optional<Need> find_need(const Node& root, const wire::Config& config,
                              bool policy_needs_names) {
  for (const wire::ConfigListener& listener : config.listeners()) {
    if (listener.mode() != wire::FORWARD) continue;
    for (const Node& table : find_value(&root, "listen")->items) {
      const Node* mode = find_value(&table, "mode");
      if (mode != nullptr && mode->text == "forward")
        return Need{mode->position, "[[listen]] mode"};
    }
  }
  if (!has_transparent(config)) return std::nullopt;
  const Node* gateway = find_value(&root, "gateway");
  if (config.host_check() != wire::HOST_CHECK_OFF) {
    return Need{find_value(gateway, "host_check")->position, "[gateway] host_check"};
  }
  if (!policy_needs_names) return std::nullopt;
  return Need{find_value(gateway, "policy")->position, "[gateway] policy"};
}

// "192.0.2.53", "192.0.2.53:53", "2001:db8::53", "[2001:db8::53]:53".
std::optional<Endpoint> parse_server(std::string_view text) {
  if (const auto address = parse_address(text)) return Endpoint{*address, kDnsPort};
  return parse_endpoint(text);
}

std::optional<Endpoint> read_server(Section& section, const Node& item) {
  constexpr std::string_view kValid =
      "; valid is an IP address, with a port where it is not 53, such as \"192.0.2.53\" or "
      "\"[2001:db8::53]:5353\"";
  std::string problem;
  const auto server = item.kind == Node::Kind::kString ? parse_server(item.text) : std::nullopt;
  if (!server) {
    problem = "holds " + shown(item);
  } else if (const auto why = why_no_server(server->address); !why.empty()) {
    problem = quoted(item.text) + " " + std::string(why);
  } else {
    return server;
  }
  section.complain(item, "servers", problem + std::string(kValid));
  return std::nullopt;
}

std::vector<Endpoint> read_servers(Section& section) {
  std::vector<Endpoint> result;
  const Node* node = section.find("servers");
  if (node == nullptr) return result;
  const bool array = node->kind == Node::Kind::kArray;
  if (!array || node->items.empty() || node->items.size() > kMaxResolvers) {
    section.complain(*node, "servers",
                     (array ? "holds " + std::to_string(node->items.size()) + " servers"
                            : "is " + shown(*node)) +
                         "; valid is an array of 1 to 8 addresses such as [\"192.0.2.53\"] (or "
                         "leave it out: those of /etc/resolv.conf)");
    return result;
  }
  for (const Node& item : node->items) {
    const auto server = read_server(section, item);
    if (!server) continue;
    if (std::find(result.begin(), result.end(), *server) != result.end()) {
      section.complain(item, "servers",
                       quoted(item.text) + " is there twice; valid is each server once");
      continue;
    }
    result.push_back(*server);
  }
  return result;
}

void say_none_is_known(const Need& need, const HostServers& host, Diagnostics* diagnostics) {
  std::string what =
      "needs names to be resolved, and no DNS server is known: [resolver] servers is not there, "
      "and /etc/resolv.conf of this host has none";
  if (!host.notes.empty()) what.append(" that can be used (").append(host.notes[0]).append(")");
  diagnostics->add(need.position, need.where,
                   what +
                       "; valid with [resolver] servers = [\"192.0.2.53\"], the addresses of "
                       "yours");
}

}  // namespace

void read_resolver(const Node& root, std::string_view resolv_conf, bool policy_needs_names,
                   Diagnostics* diagnostics, std::vector<std::string>* notes,
                   wire::Config* config) {
  const Node* table = find_value(&root, "resolver");
  if (table != nullptr && table->kind != Node::Kind::kTable) table = nullptr;  // said by config.cc
  Section section("[resolver]", table, diagnostics);
  std::vector<Endpoint> servers = read_servers(section);
  std::uint32_t timeout = 2 * kSecond, tries = 2;
  section.duration("timeout", {kSecond / 10, 10 * kSecond}, &timeout);
  section.integer("tries", {1, 5}, &tries);
  section.finish();
  wire::ConfigResolver* resolver = config->mutable_resolver();
  resolver->set_timeout_ms(timeout);
  resolver->set_tries(tries);

  const auto need = find_need(root, *config, policy_needs_names);
  // A grant at run time may need a name: whoever has a policy and writes down servers gets them
  // asked.
  const bool for_grants = !config->policy().empty() && has_transparent(*config);
  if (!need && !for_grants) return;
  if (need && section.find("servers") == nullptr) {
    HostServers host = read_resolv_conf(resolv_conf);
    if (host.servers.empty()) return say_none_is_known(*need, host, diagnostics);
    servers = std::move(host.servers);
    *notes = std::move(host.notes);
  }
  for (const Endpoint& server : servers) {
    wire::ConfigResolver::Server* added = resolver->add_servers();
    added->set_address(std::string(server.address.bytes()));
    added->set_port(server.port);
  }
}

}  // namespace gatehouse::config
