// SPDX-License-Identifier: Apache-2.0
#include "policy/language/numeric_floor.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::policy {
namespace {

// As the parent bounds them (privileged/settings.cc).
constexpr int kMaxSets = 1024, kMaxNetworks = 4096, kMaxRules = 1024, kMaxRanges = 4096;

using Networks = google::protobuf::RepeatedPtrField<wire::ConfigNetwork>;
using Ranges = google::protobuf::RepeatedPtrField<wire::ConfigPortRange>;
using Listeners = google::protobuf::RepeatedPtrField<wire::ConfigListener>;

// Sorted and without overlaps; negated: the ports outside of them.
std::vector<wire::ConfigPortRange> port_ranges(const Ranges& from, bool negated) {
  std::vector<wire::ConfigPortRange> sorted(from.begin(), from.end()), ports;
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.first() < b.first(); });
  const auto add = [&](std::uint32_t first, std::uint32_t last) {
    if (first > last) return;
    ports.emplace_back();
    ports.back().set_first(first);
    ports.back().set_last(last);
  };
  std::uint32_t next = 1;  // the lowest port that is not decided about
  for (const wire::ConfigPortRange& range : sorted) {
    const std::uint32_t first = std::max(range.first(), next);
    if (negated && first > next) add(next, first - 1);
    if (!negated) add(first, range.last());
    next = std::max(next, range.last() + 1);
  }
  if (negated) add(next, 65535);
  return ports;
}

class Projection {
 public:
  Projection(const wire::Policy& policy, std::span<const lists::Form> forms,
             const Listeners& listeners)
      : policy_(policy), forms_(forms), listeners_(listeners) {}

  NumericFloor run();

 private:
  // What a condition about the destination's address or name can be about.
  struct Destinations {
    Networks networks;     // surely
    bool names = false;    // names, which no address is
    bool unknown = false;  // lists that may hold addresses
  };

  void mode(wire::ConfigMode mode);
  void rule(const wire::PolicyRule& rule);
  void add(wire::ConfigFloorRule rule);
  bool narrow(const wire::PolicyTerm& term, wire::ConfigFloorRule* rule);
  bool listener(const wire::PolicyTerm& term, bool allow) const;
  bool ports(const wire::PolicyTerm& term, wire::ConfigFloorRule* rule);
  bool destination(const wire::PolicyTerm& term, bool verified, wire::ConfigFloorRule* rule);
  bool addresses(const Networks& networks, bool unknown, bool negated, bool allow,
                 wire::ConfigFloorTerm* (wire::ConfigFloorRule::*field)(),
                 wire::ConfigFloorRule* rule);
  Destinations destinations(const wire::PolicyTo& to) const;
  // The number of a set of these networks; nothing where there is no room for it.
  std::optional<std::uint32_t> set_of(const Networks& networks);

  const wire::Policy& policy_;
  std::span<const lists::Form> forms_;
  const Listeners& listeners_;
  NumericFloor result_;
  std::map<std::string, std::uint32_t> sets_;  // by their octets
  int networks_ = 0;                           // in all sets
  // Of the mode and the rule at hand.
  wire::ConfigMode mode_ = wire::TRANSPARENT;
  wire::ConfigFloorMode* to_ = nullptr;
  int ranges_ = 0;
  bool complete_ = false;  // nothing gets past the last rule
  std::string_view name_;
};

NumericFloor Projection::run() {
  for (const auto each : {wire::TRANSPARENT, wire::FORWARD, wire::REVERSE}) mode(each);
  return std::move(result_);
}

void Projection::mode(wire::ConfigMode mode) {
  mode_ = mode;
  to_ = result_.floor.add_modes();
  ranges_ = 0;
  complete_ = false;
  for (const wire::PolicyRule& each : policy_.rules()) {
    if (complete_) break;
    if (each.verb() > wire::POLICY_DENY) continue;
    name_ = each.name();
    rule(each);
  }
}

void Projection::rule(const wire::PolicyRule& from) {
  wire::ConfigFloorRule to;
  to.set_allow(from.verb() == wire::POLICY_ALLOW);
  const wire::PolicyTerm* destinations = nullptr;
  bool verified = false;
  for (const wire::PolicyTerm& term : from.terms()) {
    if (term.has_to()) destinations = &term;
    verified |= term.is_case() == wire::PolicyTerm::kVerified && !term.negated();
    if (!term.has_to() && !narrow(term, &to)) return;
  }
  if (destinations == nullptr || destination(*destinations, verified, &to)) add(std::move(to));
}

void Projection::add(wire::ConfigFloorRule rule) {
  auto& rules = *to_->mutable_rules();
  const bool whole = rules.size() < kMaxRules - 1 && ranges_ + rule.ports_size() <= kMaxRanges;
  if (!whole) {
    if (result_.widened_at.empty()) result_.widened_at = name_;
    rule.Clear();
    rule.set_allow(true);
  }
  ranges_ += rule.ports_size();
  complete_ =
      !rule.has_client() && !rule.has_destination() && rule.ports().empty() && !rule.needs_proof();
  // Those right before it that say the same say nothing.
  while (complete_ && !rules.empty() && rules.rbegin()->allow() == rule.allow()) rules.RemoveLast();
  *rules.Add() = std::move(rule);
}

// What a condition other than `to` says by addresses and ports. False: that the rule says nothing
// here, as it can't match, or as a denial that nobody could prove.
bool Projection::narrow(const wire::PolicyTerm& term, wire::ConfigFloorRule* rule) {
  switch (term.is_case()) {
    case wire::PolicyTerm::kListener:
      return listener(term, rule->allow());
    case wire::PolicyTerm::kFrom: {
      const auto& networks = policy_.networks(static_cast<int>(term.from()));
      return addresses(networks.members(), !networks.lists().empty(), term.negated(), rule->allow(),
                       &wire::ConfigFloorRule::mutable_client, rule);
    }
    case wire::PolicyTerm::kPort:
      return ports(term, rule);
    case wire::PolicyTerm::kVerified:
      // In the other modes every name is (worker/session_policy.cc).
      return mode_ == wire::TRANSPARENT ? rule->allow() : !term.negated();
    default:
      return rule->allow();
  }
}

// The parent sees the mode, and in transparent mode no more: which of its listeners it was matters
// only where they differ.
bool Projection::listener(const wire::PolicyTerm& term, bool allow) const {
  const auto holds = [](const auto& values, auto value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  const bool named = holds(term.listener().modes(), mode_);
  bool some = named, all = true;
  for (const wire::ConfigListener& each : listeners_) {
    if (each.mode() != mode_) continue;
    const bool matches = named || holds(term.listener().ports(), each.port());
    some |= matches;
    all &= matches;
  }
  all &= some;
  const bool possible = term.negated() ? !all : some, certain = term.negated() ? !some : all;
  return allow ? possible : certain;
}

bool Projection::ports(const wire::PolicyTerm& term, wire::ConfigFloorRule* rule) {
  for (wire::ConfigPortRange& range : port_ranges(term.port().ranges(), term.negated())) {
    *rule->add_ports() = std::move(range);
  }
  return !rule->ports().empty();
}

Projection::Destinations Projection::destinations(const wire::PolicyTo& to) const {
  Destinations found;
  for (const std::uint32_t index : to.networks()) {
    found.networks.MergeFrom(policy_.networks(static_cast<int>(index)).members());
  }
  found.names = !to.names().empty();
  for (const std::uint32_t list : to.lists()) {
    // The host of a listed URL may be an address.
    const bool names = forms_[list] != lists::Form::kNetworks && forms_[list] != lists::Form::kUrls;
    (names ? found.names : found.unknown) = true;
  }
  return found;
}

// In transparent and reverse mode the engine and the parent see the same address. In forward mode
// the engine sees one only where the request names it; else the name is all it goes by, and an
// address tells nothing.
bool Projection::destination(const wire::PolicyTerm& term, bool verified,
                             wire::ConfigFloorRule* rule) {
  const Destinations known = destinations(term.to());
  const auto field = &wire::ConfigFloorRule::mutable_destination;
  const bool allow = rule->allow();
  if (term.negated()) {
    if (allow && mode_ == wire::FORWARD) return true;
    return addresses(known.networks, known.names || known.unknown, true, allow, field, rule);
  }
  if (!allow) {
    return mode_ != wire::FORWARD && addresses(known.networks, false, false, allow, field, rule);
  }
  if (!known.names || known.unknown) {
    return addresses(known.networks, known.unknown, false, allow, field, rule);
  }
  // Who dials an address of the rule needs no name for it: Host may be that address.
  wire::ConfigFloorRule by_address = *rule;
  if (addresses(known.networks, false, false, allow, field, &by_address)) add(by_address);
  rule->set_needs_proof(verified && mode_ == wire::TRANSPARENT);
  return true;
}

// unknown: the condition holds for other addresses too, nobody can say which.
bool Projection::addresses(const Networks& networks, bool unknown, bool negated, bool allow,
                           wire::ConfigFloorTerm* (wire::ConfigFloorRule::*field)(),
                           wire::ConfigFloorRule* rule) {
  if (unknown && allow != negated) return allow;
  if (networks.empty()) return negated;
  const auto set = set_of(networks);
  if (!set) return allow;
  (rule->*field)()->set_set(*set);
  (rule->*field)()->set_negated(negated);
  return true;
}

std::optional<std::uint32_t> Projection::set_of(const Networks& networks) {
  wire::ConfigFloorSet set;
  *set.mutable_networks() = networks;
  const auto next = static_cast<std::uint32_t>(result_.floor.sets_size());
  const std::string octets = set.SerializeAsString();
  if (const auto found = sets_.find(octets); found != sets_.end()) return found->second;
  if (next == kMaxSets || networks_ + networks.size() > kMaxNetworks) {
    if (result_.widened_at.empty()) result_.widened_at = name_;
    return std::nullopt;
  }
  networks_ += networks.size();
  sets_[octets] = next;
  *result_.floor.add_sets() = std::move(set);
  return next;
}

}  // namespace

NumericFloor numeric_floor(const wire::Policy& policy, std::span<const lists::Form> forms,
                           const Listeners& listeners) {
  return Projection(policy, forms, listeners).run();
}

}  // namespace gatehouse::policy
