// SPDX-License-Identifier: Apache-2.0
#include "policy/language/warnings.h"

#include <algorithm>
#include <string>

#include "base/address.h"
#include "policy/text_pattern.h"

namespace gatehouse::policy {
namespace {

constexpr std::uint32_t kHttpsPort = 443;
// Pairs of rules that are compared, and members of sets: beyond them nothing is said.
constexpr std::size_t kMostComparisons = 2'000'000;

using Networks = google::protobuf::RepeatedPtrField<wire::ConfigNetwork>;

class Cover {
 public:
  explicit Cover(const wire::Policy& policy) : policy_(policy) {}

  // Whatever rule matches, wide matches too. False also where that is not clear.
  bool covers(const wire::PolicyRule& wide, const wire::PolicyRule& rule) {
    return std::all_of(wide.terms().begin(), wide.terms().end(), [&](const auto& outer) {
      return std::any_of(rule.terms().begin(), rule.terms().end(),
                         [&](const auto& inner) { return covers(outer, inner); });
    });
  }
  bool gave_up() const { return comparisons_ > kMostComparisons; }

 private:
  bool covers(const wire::PolicyTerm& outer, const wire::PolicyTerm& inner);
  bool covers(const wire::PolicyNetworks& outer, const wire::PolicyNetworks& inner);
  bool covers(const wire::PolicyTo& outer, const wire::PolicyTo& inner);
  bool has_network(const Networks& members, const wire::ConfigNetwork& network);
  bool has_name(const wire::PolicyTo& to, const std::string& name, bool suffix);

  const wire::Policy& policy_;
  std::size_t comparisons_ = 0;
};

bool contains(const wire::ConfigNetwork& outer, const wire::ConfigNetwork& inner) {
  const auto address = address_from_bytes(outer.address());
  const auto other = address_from_bytes(inner.address());
  return address && other && outer.prefix() <= inner.prefix() &&
         Network{*address, outer.prefix()}.contains(*other);
}

template <class Range, class Test>
bool all(const Range& range, Test test) {
  return std::all_of(range.begin(), range.end(), test);
}
template <class Range, class Test>
bool any(const Range& range, Test test) {
  return std::any_of(range.begin(), range.end(), test);
}
template <class Range, class Value>
bool has(const Range& range, const Value& value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

bool Cover::has_network(const Networks& members, const wire::ConfigNetwork& network) {
  comparisons_ += static_cast<std::size_t>(members.size());
  return !gave_up() && any(members, [&](const auto& outer) { return contains(outer, network); });
}

bool beneath(const std::string& name, const std::string& suffix) {
  return name == suffix || (name.size() > suffix.size() && name.ends_with(suffix) &&
                            name[name.size() - suffix.size() - 1] == '.');
}

bool Cover::has_name(const wire::PolicyTo& to, const std::string& name, bool suffix) {
  return any(to.names(), [&](std::uint32_t index) {
    const wire::PolicyNames& names = policy_.names(static_cast<int>(index));
    comparisons_ += static_cast<std::size_t>(names.exact_size() + names.suffixes_size());
    if (gave_up()) return false;
    return any(names.suffixes(), [&](const auto& outer) { return beneath(name, outer); }) ||
           (!suffix && has(names.exact(), name));
  });
}

bool Cover::covers(const wire::PolicyTo& outer, const wire::PolicyTo& inner) {
  const auto same_set = [&](std::uint32_t index) { return has(outer.names(), index); };
  return all(inner.lists(), [&](std::uint32_t list) { return has(outer.lists(), list); }) &&
         all(inner.networks(),
             [&](std::uint32_t index) {
               if (has(outer.networks(), index)) return true;
               return all(policy_.networks(static_cast<int>(index)).members(),
                          [&](const auto& network) {
                            return any(outer.networks(), [&](std::uint32_t other) {
                              return has_network(
                                  policy_.networks(static_cast<int>(other)).members(), network);
                            });
                          });
             }) &&
         all(inner.names(), [&](std::uint32_t index) {
           if (same_set(index)) return true;
           const wire::PolicyNames& names = policy_.names(static_cast<int>(index));
           return all(names.exact(), [&](const auto& n) { return has_name(outer, n, false); }) &&
                  all(names.suffixes(), [&](const auto& n) { return has_name(outer, n, true); });
         });
}

bool Cover::covers(const wire::PolicyNetworks& outer, const wire::PolicyNetworks& inner) {
  return all(inner.lists(), [&](std::uint32_t list) { return has(outer.lists(), list); }) &&
         all(inner.members(), [&](const auto& n) { return has_network(outer.members(), n); });
}

bool covers_ports(const wire::PolicyPorts& outer, const wire::PolicyPorts& inner) {
  return all(inner.ranges(), [&](const auto& range) {
    return any(outer.ranges(), [&](const auto& wide) {
      return wide.first() <= range.first() && wide.last() >= range.last();
    });
  });
}

bool covers_texts(const wire::PolicyTexts& outer, const wire::PolicyTexts& inner) {
  const auto has_prefix = [&](const std::string& text) {
    return any(outer.prefixes(), [&](const auto& prefix) { return text.starts_with(prefix); });
  };
  return all(inner.exact(),
             [&](const auto& text) {
               return has_prefix(text) || has(outer.exact(), text) ||
                      any(outer.globs(),
                          [&](const auto& glob) { return glob_matches(glob, text); });
             }) &&
         all(inner.prefixes(), has_prefix) &&
         all(inner.globs(), [&](const auto& glob) { return has(outer.globs(), glob); }) &&
         all(inner.regexes(), [&](const auto& regex) { return has(outer.regexes(), regex); });
}

bool Cover::covers(const wire::PolicyTerm& outer, const wire::PolicyTerm& inner) {
  if (outer.is_case() != inner.is_case()) return false;
  if (outer.negated() || inner.negated()) {
    return outer.SerializeAsString() == inner.SerializeAsString();
  }
  switch (outer.is_case()) {
    case wire::PolicyTerm::kFrom:
      return outer.from() == inner.from() ||
             covers(policy_.networks(static_cast<int>(outer.from())),
                    policy_.networks(static_cast<int>(inner.from())));
    case wire::PolicyTerm::kTo:
      return covers(outer.to(), inner.to());
    case wire::PolicyTerm::kPort:
      return covers_ports(outer.port(), inner.port());
    case wire::PolicyTerm::kLabel:
      return all(inner.label().words(),
                 [&](const auto& word) { return has(outer.label().words(), word); });
    case wire::PolicyTerm::kMethod:
      return all(inner.method().words(),
                 [&](const auto& word) { return has(outer.method().words(), word); });
    case wire::PolicyTerm::kPath:
      return covers_texts(outer.path(), inner.path());
    default:
      return outer.SerializeAsString() == inner.SerializeAsString();
  }
}

const wire::PolicyTerm* find(const wire::PolicyRule& rule, wire::PolicyTerm::IsCase kind) {
  for (const wire::PolicyTerm& term : rule.terms()) {
    if (term.is_case() == kind) return &term;
  }
  return nullptr;
}

bool only_https(const wire::PolicyRule& rule) {
  const wire::PolicyTerm* port = find(rule, wire::PolicyTerm::kPort);
  return port != nullptr && !port->negated() && all(port->port().ranges(), [](const auto& range) {
           return range.first() == kHttpsPort && range.last() == kHttpsPort;
         });
}

void warn_of_blind_terms(const wire::PolicyRule& rule, const Place& place, const Modes& modes,
                         Findings* warnings) {
  const wire::PolicyTerm* to = find(rule, wire::PolicyTerm::kTo);
  if (only_https(rule)) {
    if (find(rule, wire::PolicyTerm::kPath) != nullptr ||
        find(rule, wire::PolicyTerm::kHeader) != nullptr) {
      warnings->add(place,
                    "on port 443 no path and no header field can be seen, so this rule "
                    "matches nothing there");
    } else if (to != nullptr && !to->to().names().empty() && !modes.forward && !modes.reverse) {
      warnings->add(place,
                    "on port 443 of a transparent listener no name can be seen, so this rule "
                    "matches no name there");
    }
  }
  if (!rule.upstream().empty() && !modes.reverse) {
    warnings->add(
        place, "an upstream is chosen for requests of reverse listeners only, and there is none");
  }
  if (to != nullptr && !to->to().networks().empty() && modes.forward && !modes.transparent) {
    warnings->add(place,
                  "on a forward listener a name's address is not known when rules decide; "
                  "only URLs with an address match the networks of this rule ([forward] "
                  "allow_private and the floor hold for the addresses)");
  }
}

// What is denied is not counted.
void warn_of_idle_limit(const wire::Policy& policy, int limit, const Place& place, Cover* cover,
                        Findings* warnings) {
  for (int after = limit + 1; after < policy.rules_size() && !cover->gave_up(); ++after) {
    const wire::PolicyRule& rule = policy.rules(after);
    if (rule.verb() == wire::POLICY_ALLOW) return;
    if (rule.verb() != wire::POLICY_DENY || !cover->covers(rule, policy.rules(limit))) continue;
    return warnings->add(place, "this limit changes nothing: " + rule.name() + " in line " +
                                    std::to_string(rule.line()) + " of " + rule.file() +
                                    " denies all that it matches");
  }
}

}  // namespace

void warn_of_rules(const wire::Policy& policy, const std::vector<Place>& places, const Modes& modes,
                   Findings* warnings) {
  Cover cover(policy);
  for (int i = 0; i < policy.rules_size(); ++i) {
    const wire::PolicyRule& rule = policy.rules(i);
    const Place& place = places[static_cast<std::size_t>(i)];
    warn_of_blind_terms(rule, place, modes, warnings);
    if (rule.verb() == wire::POLICY_LIMIT) warn_of_idle_limit(policy, i, place, &cover, warnings);
    for (int before = 0; before < i && !cover.gave_up(); ++before) {
      const wire::PolicyRule& wide = policy.rules(before);
      if (wide.verb() > wire::POLICY_DENY || !cover.covers(wide, rule)) continue;
      warnings->add(place, "no request reaches this rule: " + wide.name() + " in line " +
                               std::to_string(wide.line()) + " of " + wide.file() +
                               " decides about all that it matches");
      break;
    }
  }
}

}  // namespace gatehouse::policy
