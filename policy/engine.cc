// SPDX-License-Identifier: Apache-2.0
#include "policy/engine.h"

#include <algorithm>
#include <array>
#include <bit>

#include "policy/bits.h"
#include "policy/path.h"
#include "policy/time_window.h"

namespace gatehouse::policy {
namespace {

bool matches_listener(const wire::PolicyListeners& listeners, const Request& request) {
  const auto& modes = listeners.modes();
  const auto& ports = listeners.ports();
  return std::find(modes.begin(), modes.end(), request.mode) != modes.end() ||
         std::find(ports.begin(), ports.end(), request.listener_port) != ports.end();
}

bool matches_port(const wire::PolicyPorts& ports, std::uint16_t port) {
  return std::any_of(ports.ranges().begin(), ports.ranges().end(), [port](const auto& range) {
    return port >= range.first() && port <= range.last();
  });
}

}  // namespace

std::string_view term_name(TermKind kind) {
  constexpr std::array<std::string_view, 13> kNames = {
      "from",   "label", "listener", "port",   "method", "to",  "path",
      "header", "when",  "verified", "status", "type",   "size"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view verb_name(wire::PolicyVerb verb) {
  switch (verb) {
    case wire::POLICY_ALLOW:
      return "allow";
    case wire::POLICY_DENY:
      return "deny";
    case wire::POLICY_AUDIT:
      return "audit";
    case wire::POLICY_TAG:
      return "tag";
    case wire::POLICY_LIMIT:
      return "limit";
    default:
      return "header";
  }
}

void Engine::decide(const Request& request, Decision* decision, Trace* trace) {
  name_looked_up_ = lists_looked_up_ = path_normalized_ = time_looked_at_ = false;
  destination_lists_.reset();
  client_lists_.reset();
  std::fill(client_in_.begin(), client_in_.end(), Known::kNot);
  decision->rule = nullptr;
  decision->number = 0;
  decision->effects.clear();
  decision->later.clear();
  decision->claims.clear();
  if (trace == nullptr) {
    find_candidates(request);
  } else {
    std::fill(candidates_.begin(), candidates_.end(), ~std::uint64_t{0});
  }
  for (std::size_t i = next_candidate(0); i < rules_.size(); i = next_candidate(i + 1)) {
    const Rule& rule = rules_[i];
    const Term* failed = nullptr;
    const Match result = match(rule, request, &failed);
    if (result == Match::kAsk) break;
    if (trace != nullptr) trace->steps.push_back({&rule, failed});
    if (result == Match::kNo) continue;
    if (rule.asks_response()) {
      decision->later.push_back(&rule);
      continue;
    }
    if (rule.decides()) {
      decision->rule = &rule;
      break;
    }
    decision->effects.push_back(&rule);
  }
  decision->looked_at_time = time_looked_at_;
  if (claims_) claim(request, decision);
}

void Engine::set_secret(const lists::SipKey& secret) {
  claims_ = has_limits_;
  for (Rule& rule : rules_) {
    if (rule.verb() != wire::POLICY_LIMIT) continue;
    rule.keys = LimitKeys(secret, rule.name(), rule.source->limit());
  }
}

void Engine::claim(const Request& request, Decision* decision) const {
  if (decision->rule == nullptr || decision->rule->verb() != wire::POLICY_ALLOW) return;
  for (const Rule* rule : decision->effects) {
    if (rule->verb() != wire::POLICY_LIMIT) continue;
    decision->claims.push_back({rule, key_of(*rule, request)});
  }
}

// A client of IPv6 is its /64, of which it may have every address. Where there is no name, the
// destination's address is the host.
LimitKey Engine::key_of(const Rule& rule, const Request& request) const {
  switch (rule.source->limit().per()) {
    case wire::PolicyLimit::CLIENT:
      return rule.keys.of(request.client.bytes().substr(0, 8));
    case wire::PolicyLimit::HOST: {
      std::array<char, kMaxName> space;
      const std::string_view name = normal_name(request.host, space);
      return rule.keys.of(name.empty() ? request.destination.address.bytes() : name);
    }
    case wire::PolicyLimit::HEADER:
      return rule.keys.of(
          request.fields != nullptr ? request.fields->value(rule.source->limit().header()) : "");
    default:
      return rule.keys.of({});
  }
}

void Engine::find_candidates(const Request& request) {
  candidates_ = any_name_;
  if (!rules_of_names_.empty()) look_up_name(request);
  for (std::size_t w = 0; w < name_bits_.size(); ++w) {
    for (std::uint64_t bits = name_bits_[w]; bits != 0; bits &= bits - 1) {
      const auto names = w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      for (const std::uint32_t rule : rules_of_names_[names]) set_bit(candidates_, rule);
    }
  }
  for (const auto& [networks, rules] : rules_of_clients_) {
    if (client_is_in(networks, request)) continue;
    for (std::size_t w = 0; w < rules.size(); ++w) candidates_[w] &= ~rules[w];
  }
}

// The first from rule on; the number of rules where there is none.
std::size_t Engine::next_candidate(std::size_t rule) const {
  std::size_t w = rule / 64;
  if (w == candidates_.size()) return rules_.size();
  std::uint64_t bits = candidates_[w] & (~std::uint64_t{0} << (rule % 64));
  while (bits == 0) {
    if (++w == candidates_.size()) return rules_.size();
    bits = candidates_[w];
  }
  return w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
}

Engine::Match Engine::match(const Rule& rule, const Request& request, const Term** failed) {
  for (const Term& term : rule.terms) {
    if (term.kind >= TermKind::kStatus) break;
    if (term.kind == TermKind::kVerified && request.verified == Verified::kUnknown) {
      return Match::kAsk;
    }
    if (matches(term, request) == term.negated) {
      *failed = &term;
      return Match::kNo;
    }
  }
  return Match::kYes;
}

bool Engine::matches(const Term& term, const Request& request) {
  const wire::PolicyTerm& source = *term.source;
  switch (term.kind) {
    case TermKind::kFrom:
      return client_is_in(term.networks, request);
    case TermKind::kLabel: {
      const auto& words = source.label().words();
      return std::any_of(request.labels.begin(), request.labels.end(), [&](const auto& label) {
        return std::find(words.begin(), words.end(), label) != words.end();
      });
    }
    case TermKind::kListener:
      return matches_listener(source.listener(), request);
    case TermKind::kPort:
      return matches_port(source.port(), request.destination.port);
    case TermKind::kMethod: {
      const auto& words = source.method().words();
      return std::find(words.begin(), words.end(), request.method) != words.end();
    }
    case TermKind::kTo:
      return matches_to(term, request);
    case TermKind::kPath:
      return matches_path(term, request);
    case TermKind::kHeader:
      return request.fields != nullptr &&
             request.fields->any(source.header().name(), term.pattern.get());
    case TermKind::kWhen:
      time_looked_at_ = true;
      return within(source.when(), policy_.zones(static_cast<int>(source.when().zone())),
                    request.now);
    case TermKind::kVerified:
      return request.verified == Verified::kYes;
    case TermKind::kStatus:
    case TermKind::kType:
    case TermKind::kSize:
      break;  // match() stops before them
  }
  return false;
}

// Many rules are about the same clients.
bool Engine::client_is_in(std::uint32_t networks, const Request& request) {
  Known& known = client_in_[networks];
  if (known == Known::kNot) {
    const std::uint64_t lists = network_lists_[networks];
    const bool in = networks_[networks].contains(request.client) ||
                    (lists != 0 && (lists & lists_of(request.client, &client_lists_)) != 0);
    known = in ? Known::kYes : Known::kNo;
  }
  return known == Known::kYes;
}

bool Engine::matches_to(const Term& term, const Request& request) {
  const wire::PolicyTo& to = term.source->to();
  const IpAddress& address = request.destination.address;
  for (const std::uint32_t index : to.networks()) {
    if (networks_[index].contains(address)) return true;
  }
  if (term.lists != 0) {
    if ((term.lists & lists_of(address, &destination_lists_)) != 0) return true;
    look_up_lists(request);
    if ((term.lists & name_lists_) != 0) return true;
  }
  if (to.names().empty()) return false;
  look_up_name(request);
  return std::any_of(to.names().begin(), to.names().end(),
                     [&](std::uint32_t i) { return (name_bits_[i / 64] >> (i % 64) & 1) != 0; });
}

// Once for a request.
std::uint64_t Engine::lists_of(const IpAddress& address,
                               std::optional<std::uint64_t>* known) const {
  if (!*known) *known = lists_ ? lists_->match(address) : 0;
  return **known;
}

// Once for a request, however many rules are about names.
void Engine::look_up_name(const Request& request) {
  if (std::exchange(name_looked_up_, true)) return;
  std::fill(name_bits_.begin(), name_bits_.end(), 0);
  std::array<char, kMaxName> space;
  const std::string_view name = normal_name(request.host, space);
  if (!name.empty()) names_.match(name, name_bits_);
}

// Likewise.
void Engine::look_up_lists(const Request& request) {
  if (std::exchange(lists_looked_up_, true)) return;
  std::array<char, kMaxName> space;
  std::string_view name = normal_name(request.host, space);
  // URLs on lists may have an address for their host.
  std::string address;
  if (name.empty() && request.destination.address.family == AF_INET) {
    name = address = to_string(request.destination.address);
  }
  if (!std::exchange(path_normalized_, true)) normalize_path(request.path, &path_);
  name_lists_ = lists_->match(name, path_);
}

bool Engine::matches_path(const Term& term, const Request& request) {
  if (request.path.empty()) return false;
  if (!std::exchange(path_normalized_, true)) normalize_path(request.path, &path_);
  return term.pattern->matches(path_);
}

}  // namespace gatehouse::policy
