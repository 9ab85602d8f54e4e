// SPDX-License-Identifier: Apache-2.0
#include "config/upstreams.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "config/section.h"
#include "config/values.h"

namespace gatehouse::config {
namespace {

constexpr std::size_t kMaxServers = 64;  // of a group; with 16 listeners at most 1024 in all
constexpr std::uint64_t kSecond = 1000;  // milliseconds

bool is_name(std::string_view text) {
  return is_token(text) && text.find_first_not_of(
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
                               "wxyz0123456789-_.") == text.npos;
}

void read_name(Section& section, const wire::Config& config, wire::ConfigUpstream* upstream) {
  const Node* node = section.find("name");
  constexpr std::string_view kValid =
      "; valid is a name of 1 to 64 letters, digits, '-', '_' or '.', such as \"app\"";
  if (node == nullptr) {
    section.complain_at_section("name", "is missing" + std::string(kValid));
    return;
  }
  if (node->kind != Node::Kind::kString || !is_name(node->text)) {
    section.complain(*node, "name", "is " + shown(*node) + std::string(kValid));
    return;
  }
  const auto& all = config.upstreams();
  if (std::any_of(all.begin(), all.end(),
                  [&](const auto& other) { return other.name() == node->text; })) {
    section.complain(*node, "name",
                     "is " + shown(*node) +
                         ", which another [[upstream]] has already; valid is a name of its own");
    return;
  }
  upstream->set_name(node->text);
}

// Why text is no server, and what would be one.
std::string complaint(std::string_view text) {
  constexpr std::string_view kValid =
      "; valid is an IP address with a port, such as \"10.0.0.5:8080\" or \"[2001:db8::5]:8080\"";
  const std::string valid(kValid);
  if (const auto address = parse_address(text)) {
    // "2001:db8::5:8080" is an address as a whole.
    return address->family == AF_INET6
               ? "has its IPv6 address without brackets, so that no port can be told from it" +
                     valid
               : "has no port" + valid;
  }
  const std::size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  if (is_host(host) && !parse_address(host) && host.find(':') == host.npos &&
      (colon == text.npos || parse_port(text.substr(colon + 1)))) {
    return "names a host, and names of servers are not resolved (whoever answers for the name "
           "would "
           "decide where requests go); put its address" +
           valid;
  }
  return "is no server" + valid;
}

// A server as people write it; nothing, and said why, for what can't be one.
std::optional<Endpoint> read_server(Section& section, const Node& item) {
  if (item.kind != Node::Kind::kString) {
    section.complain(item, "servers",
                     "holds " + std::string(item.kind_name()) +
                         "; valid is an IP address with a port, such as \"10.0.0.5:8080\"");
    return std::nullopt;
  }
  const auto server = parse_endpoint(item.text);
  std::string problem;
  if (!server) {
    problem = complaint(item.text);
  } else if (is_v4_mapped(server->address)) {
    problem = "is an IPv4 address in IPv6 clothes; valid is its IPv4 form";
  } else if (is_wildcard(server->address) || is_multicast(server->address)) {
    problem = "is not the address of one server; valid is one that can be connected to";
  }
  if (problem.empty()) return server;
  section.complain(item, "servers", quoted(item.text) + " " + problem);
  return std::nullopt;
}

void read_servers(Section& section, std::uint32_t* last_id, wire::ConfigUpstream* upstream) {
  const Node* node = section.find("servers");
  constexpr std::string_view kValid =
      "; valid is an array of 1 to 64 addresses with port, such as [\"10.0.0.5:8080\"]";
  if (node == nullptr) {
    section.complain_at_section("servers", "is missing" + std::string(kValid));
    return;
  }
  const bool array = node->kind == Node::Kind::kArray;
  if (!array || node->items.empty() || node->items.size() > kMaxServers) {
    section.complain(*node, "servers",
                     (array ? "holds " + std::to_string(node->items.size()) + " servers"
                            : "is " + shown(*node)) +
                         std::string(kValid));
    return;
  }
  for (const Node& item : node->items) {
    const auto server = read_server(section, item);
    if (!server) continue;
    const std::string address(server->address.bytes());
    const auto& all = upstream->servers();
    if (std::any_of(all.begin(), all.end(), [&](const wire::ConfigEndpoint& other) {
          return other.address() == address && other.port() == server->port;
        })) {
      section.complain(item, "servers",
                       quoted(item.text) + " is there twice; valid is each server once");
      continue;
    }
    wire::ConfigEndpoint* added = upstream->add_servers();
    added->set_id(++*last_id);
    added->set_address(address);
    added->set_port(server->port);
  }
}

void read_host(Section& section, wire::ConfigUpstream* upstream) {
  const Node* node = section.find("host");
  if (node == nullptr) return;
  if (node->kind == Node::Kind::kString && is_host(node->text)) {
    if (node->text != "keep") upstream->set_host(node->text);
    return;
  }
  section.complain(*node, "host",
                   "is " + shown(*node) +
                       "; valid is \"keep\" (the client's) or the host that servers are told, such "
                       "as \"app.example\" or \"app.example:8080\"");
}

void read_upstream(const Node& table, std::uint32_t* last_id, Diagnostics* diagnostics,
                   wire::Config* config) {
  Section section("[[upstream]]", &table, diagnostics);
  wire::ConfigUpstream upstream;
  read_name(section, *config, &upstream);
  read_servers(section, last_id, &upstream);
  read_host(section, &upstream);
  int keep_source = 0, proxy_protocol = 0;
  section.choice("source_address", {{"own", 0}, {"client", 1}}, &keep_source);
  upstream.set_keep_source(keep_source == 1);
  section.choice("proxy_protocol", {{"off", 0}, {"v1", 1}, {"v2", 2}}, &proxy_protocol);
  upstream.set_proxy_protocol(static_cast<std::uint32_t>(proxy_protocol));
  std::uint32_t fails = 3, down = 10 * kSecond;
  section.integer("fails", {1, 100}, &fails);
  upstream.set_fails(fails);
  section.duration("down", {kSecond / 10, 3600 * kSecond}, &down);
  upstream.set_down_ms(down);
  section.finish();
  *config->add_upstreams() = upstream;
}

}  // namespace

void read_upstreams(const Node& root, Diagnostics* diagnostics, wire::Config* config) {
  std::uint32_t last_id = 0;
  for (const Node* table :
       find_tables(root, "upstream", "for each group of servers", diagnostics)) {
    read_upstream(*table, &last_id, diagnostics, config);
  }
}

void check_upstreams_are_used(const Node& root, const std::set<std::string>& by_rules,
                              Diagnostics* diagnostics) {
  Diagnostics said_before;  // what is wrong with the tables themselves
  const auto text_of = [&](const Node* table, std::string_view key) -> const Node* {
    const Node* node = Section("", table, &said_before).find(key);
    return node != nullptr && node->kind == Node::Kind::kString ? node : nullptr;
  };
  std::set<std::string_view> unused;
  const auto tables = find_tables(root, "upstream", "", &said_before);
  for (const Node* table : tables) {
    const Node* name = text_of(table, "name");
    if (name != nullptr && is_name(name->text)) unused.insert(name->text);
  }
  const std::set<std::string_view> known = unused;
  for (const Node* listener : find_tables(root, "listen", "", &said_before)) {
    const Node* upstream = text_of(listener, "upstream");
    if (upstream == nullptr) continue;
    // One misspelt name is one mistake.
    if (!known.contains(upstream->text)) return;
    unused.erase(upstream->text);
  }
  for (const std::string& name : by_rules) unused.erase(name);
  for (const Node* table : tables) {
    const Node* name = text_of(table, "name");
    if (name == nullptr || !unused.contains(name->text)) continue;
    Section("[[upstream]]", table, diagnostics)
        .complain(*name, "name",
                  quoted(name->text) +
                      " is used by no listener; valid is a name that a [[listen]] with "
                      "mode = \"reverse\" has as its upstream, or that a rule chooses");
  }
}

}  // namespace gatehouse::config
