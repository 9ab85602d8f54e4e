// SPDX-License-Identifier: Apache-2.0
#include "config/networks.h"

#include <optional>
#include <string>

#include "config/values.h"

namespace gatehouse::config {
namespace {

std::optional<Network> read_network(Section& section, std::string_view key, const Node& item) {
  constexpr std::string_view kValid = "; valid is a network such as \"10.0.0.0/8\" or \"fd00::/8\"";
  if (item.kind != Node::Kind::kString) {
    section.complain(item, key, "holds " + std::string(item.kind_name()) + std::string(kValid));
    return std::nullopt;
  }
  const auto network = parse_network(item.text);
  if (!network) {
    section.complain(item, key,
                     quoted(item.text) + " is no network in CIDR form" + std::string(kValid));
    return std::nullopt;
  }
  if (is_v4_mapped(network->address) && network->prefix >= 96) {
    section.complain(item, key,
                     quoted(item.text) +
                         " is an IPv4 network in IPv6 clothes and would match "
                         "nothing; valid is its IPv4 form");
    return std::nullopt;
  }
  const Network clean = masked(*network);
  if (!(clean.address == network->address)) {
    section.complain(item, key,
                     quoted(item.text) + " has bits set beyond its prefix; valid is " +
                         quoted(to_string(clean)) + " or another prefix");
    return std::nullopt;
  }
  return clean;
}

}  // namespace

std::vector<ReadNetwork> read_networks(Section& section, std::string_view key, std::size_t most) {
  std::vector<ReadNetwork> result;
  const Node* node = section.find(key);
  if (node == nullptr) return result;
  if (node->kind != Node::Kind::kArray) {
    section.complain(*node, key,
                     "is " + std::string(node->kind_name()) +
                         "; valid is an array of networks such as [\"10.0.0.0/8\", \"fd00::/8\"]");
    return result;
  }
  if (node->items.size() > most) {
    section.complain(*node, key,
                     "holds " + std::to_string(node->items.size()) +
                         " networks; valid is an array of at most " + std::to_string(most));
    return result;
  }
  for (const Node& item : node->items) {
    if (const auto network = read_network(section, key, item)) result.push_back({*network, &item});
  }
  return result;
}

wire::ConfigNetwork to_wire(const Network& network) {
  wire::ConfigNetwork result;
  result.set_address(std::string(network.address.bytes()));
  result.set_prefix(network.prefix);
  return result;
}

}  // namespace gatehouse::config
