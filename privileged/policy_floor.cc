// SPDX-License-Identifier: Apache-2.0
#include "privileged/policy_floor.h"

#include <endian.h>

#include <algorithm>
#include <cstring>

namespace gatehouse::privileged {
namespace {

using Bits = RuleIndex::Bits;
using Rule = PolicyFloor::Rule;

void set_bit(Bits& bits, std::size_t i) { bits[i / 64] |= std::uint64_t{1} << (i % 64); }

template <class Holds>
Bits bits_where(const std::vector<Rule>& rules, Holds holds) {
  Bits bits(rules.size() / 64 + 1);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (holds(rules[i])) set_bit(bits, i);
  }
  return bits;
}

Place place_of(const IpAddress& address) {
  std::uint64_t high, low;
  std::memcpy(&high, address.octets.data(), sizeof high);
  std::memcpy(&low, address.octets.data() + sizeof high, sizeof low);
  return {address.family, be64toh(high), be64toh(low)};
}
Place place_of(std::uint32_t port) { return {0, 0, port}; }

void add_range(const Place& first, const Place& end, std::size_t set,
               std::vector<RuleIndex::Cut>* cuts) {
  cuts->push_back({first, static_cast<std::uint32_t>(set), 1});
  cuts->push_back({end, static_cast<std::uint32_t>(set), -1});
}

// Its end is the first place behind it; of the last network of a family that is the next family's.
void add_network(const Network& network, std::size_t set, std::vector<RuleIndex::Cut>* cuts) {
  const auto below = [](unsigned bits) { return bits >= 64 ? 0 : ~std::uint64_t{0} >> bits; };
  const std::uint64_t high = below(network.prefix);
  const std::uint64_t low = below(network.prefix > 64 ? network.prefix - 64 : 0);
  Place first = place_of(network.address);
  first.high &= ~high;
  first.low &= ~low;
  Place end{first.family, first.high | high, first.low | low};
  if (++end.low == 0 && ++end.high == 0) ++end.family;
  add_range(first, end, set, cuts);
}

RuleIndex by_address(const PolicyFloor::Sets& sets, const std::vector<Rule>& rules,
                     PolicyFloor::Term Rule::*term) {
  std::vector<Bits> turned(sets.size());
  std::vector<RuleIndex::Cut> cuts;
  for (std::size_t set = 0; set < sets.size(); ++set) {
    turned[set] = bits_where(rules, [&](const Rule& rule) { return (rule.*term).set == set; });
    for (const Network& network : sets[set]) add_network(network, set, &cuts);
  }
  const Bits outside = bits_where(rules, [&](const Rule& rule) {
    return (rule.*term).set == PolicyFloor::kAny || (rule.*term).negated;
  });
  return {outside, turned, std::move(cuts)};
}

RuleIndex by_port(const std::vector<Rule>& rules) {
  std::vector<Bits> turned;
  std::vector<RuleIndex::Cut> cuts;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    turned.emplace_back(rules.size() / 64 + 1);
    set_bit(turned.back(), i);
    for (const PortRange& range : rules[i].ports) {
      add_range(place_of(range.first), place_of(range.last + 1U), i, &cuts);
    }
  }
  return {bits_where(rules, [](const Rule& rule) { return rule.ports.empty(); }), turned,
          std::move(cuts)};
}

}  // namespace

RuleIndex::RuleIndex(const Bits& outside, const std::vector<Bits>& turned, std::vector<Cut> cuts)
    : words_(outside.size()), bits_(outside) {
  std::sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return a.at < b.at; });
  std::vector<int> depth(turned.size());  // ranges of a set may overlap
  Bits now = outside;
  for (std::size_t i = 0; i < cuts.size();) {
    const Place at = cuts[i].at;
    for (; i < cuts.size() && cuts[i].at == at; ++i) {
      int& in = depth[cuts[i].set];
      const bool before = in != 0;
      in += cuts[i].change;
      if (before == (in != 0)) continue;
      for (std::size_t w = 0; w < words_; ++w) now[w] ^= turned[cuts[i].set][w];
    }
    cuts_.push_back(at);
    bits_.insert(bits_.end(), now.begin(), now.end());
  }
}

const std::uint64_t* RuleIndex::at(const Place& place) const {
  const auto cut = std::upper_bound(cuts_.begin(), cuts_.end(), place);
  return bits_.data() + static_cast<std::size_t>(cut - cuts_.begin()) * words_;
}

PolicyFloor::PolicyFloor(const Sets& sets, const std::vector<Rule>& rules)
    : allow_(bits_where(rules, [](const Rule& rule) { return rule.allow; })),
      needs_proof_(bits_where(rules, [](const Rule& rule) { return rule.needs_proof; })),
      // A rule that allows may be about this client; one that denies surely only where it is about
      // all.
      unknown_client_(bits_where(
          rules, [](const Rule& rule) { return rule.allow || rule.client.set == kAny; })),
      clients_(by_address(sets, rules, &Rule::client)),
      destinations_(by_address(sets, rules, &Rule::destination)),
      ports_(by_port(rules)) {}

PolicyFloor::Verdict PolicyFloor::judge(const IpAddress* client, const Endpoint& destination,
                                        bool proved) const {
  const std::uint64_t* const from =
      client != nullptr ? clients_.at(place_of(*client)) : unknown_client_.data();
  const std::uint64_t* const to = destinations_.at(place_of(destination.address));
  const std::uint64_t* const port = ports_.at(place_of(destination.port));
  Verdict refused = Verdict::kDenied;
  for (std::size_t w = 0; w < allow_.size(); ++w) {
    for (std::uint64_t match = from[w] & to[w] & port[w]; match != 0; match &= match - 1) {
      const std::uint64_t first = match & -match;
      if ((allow_[w] & first) == 0) return refused;
      if (proved || (needs_proof_[w] & first) == 0) return Verdict::kAllowed;
      refused = Verdict::kUnproved;
    }
  }
  return refused;
}

}  // namespace gatehouse::privileged
