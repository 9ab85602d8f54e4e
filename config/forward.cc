// SPDX-License-Identifier: Apache-2.0
#include "config/forward.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "config/networks.h"
#include "config/section.h"
#include "config/values.h"

namespace gatehouse::config {
namespace {

constexpr std::size_t kMaxRanges = 64;    // each request looks through them
constexpr std::size_t kMaxPrivate = 256;  // networks; the parent looks at each of them

// HTTP's own port and those that anybody may listen on. Not the others below 1024: what listens
// there speaks another protocol and might take a request for its own (mail, for example).
constexpr PortRange kUsualPorts[] = {{80, 80}, {1024, 65535}};
constexpr PortRange kUsualConnectPorts[] = {{443, 443}};

// Addresses of private use: RFC 1918, RFC 6598, RFC 4193.
constexpr Network kPrivate[] = {{{AF_INET, {10}}, 8},
                                {{AF_INET, {172, 16}}, 12},
                                {{AF_INET, {192, 168}}, 16},
                                {{AF_INET, {100, 64}}, 10},
                                {{AF_INET6, {0xfc}}, 7}};

std::optional<PortRange> range_from(const Node& item) {
  if (item.kind == Node::Kind::kString) return parse_port_range(item.text);
  if (item.kind == Node::Kind::kInteger) return parse_port_range(std::to_string(item.integer));
  return std::nullopt;
}

std::vector<PortRange> read_ports(Section& section, std::string_view key,
                                  std::vector<PortRange> usual) {
  const Node* node = section.find(key);
  if (node == nullptr) return usual;
  constexpr std::string_view kValid =
      "; valid is an array of at most 64 ports and ranges such as [\"80\", \"1024-65535\"]";
  if (node->kind != Node::Kind::kArray || node->items.size() > kMaxRanges) {
    const bool array = node->kind == Node::Kind::kArray;
    section.complain(*node, key,
                     (array ? "holds " + std::to_string(node->items.size()) + " of them"
                            : "is " + shown(*node)) +
                         std::string(kValid));
    return usual;
  }
  std::vector<PortRange> result;
  for (const Node& item : node->items) {
    const auto range = range_from(item);
    if (!range) {
      section.complain(item, key, "holds " + shown(item) + std::string(kValid));
      continue;
    }
    const auto twice = std::find_if(result.begin(), result.end(), [&](const PortRange& other) {
      return range->first <= other.last && other.first <= range->last;
    });
    if (twice != result.end()) {
      section.complain(item, key,
                       "holds " + to_string(*range) + " beside " + to_string(*twice) +
                           "; valid is each port once");
      continue;
    }
    result.push_back(*range);
  }
  return result;
}

bool overlaps_private(const Network& network) {
  return std::any_of(std::begin(kPrivate), std::end(kPrivate), [&](const Network& one) {
    return one.contains(network.address) || network.contains(one.address);
  });
}

void read_private(Section& section, wire::ConfigForward* forward) {
  for (const ReadNetwork& read : read_networks(section, "allow_private", kMaxPrivate)) {
    if (overlaps_private(read.network)) {
      *forward->add_allow_private() = to_wire(read.network);
      continue;
    }
    section.complain(*read.item, "allow_private",
                     quoted(read.item->text) +
                         " is not private, so that nothing would change; valid is a part of "
                         "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 or fc00::/7 "
                         "(loopback and link-local ones are lifted with gatehoused "
                         "--allow-destination)");
  }
}

void add(const std::vector<PortRange>& ranges,
         google::protobuf::RepeatedPtrField<wire::ConfigPortRange>* to) {
  for (const PortRange& range : ranges) {
    wire::ConfigPortRange* added = to->Add();
    added->set_first(range.first);
    added->set_last(range.last);
  }
}

}  // namespace

void read_forward(const Node* table, Diagnostics* diagnostics, wire::ConfigForward* forward) {
  Section section("[forward]", table, diagnostics);
  add(read_ports(section, "ports", {std::begin(kUsualPorts), std::end(kUsualPorts)}),
      forward->mutable_ports());
  add(read_ports(section, "connect_ports",
                 {std::begin(kUsualConnectPorts), std::end(kUsualConnectPorts)}),
      forward->mutable_connect_ports());
  read_private(section, forward);
  int keep_source = 0;
  section.choice("source_address", {{"own", 0}, {"client", 1}}, &keep_source);
  forward->set_keep_source(keep_source == 1);
  section.finish();
}

}  // namespace gatehouse::config
