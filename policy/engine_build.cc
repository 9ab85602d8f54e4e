// SPDX-License-Identifier: Apache-2.0
// A compiled policy's octets to an engine: nothing of them is believed before it was looked at.
#include <algorithm>

#include "policy/bits.h"
#include "policy/engine.h"
#include "policy/limits/bounds.h"

namespace gatehouse::policy {
namespace {

Error malformed(const char* what) {
  return Error{EBADMSG, std::string("the compiled policy is refused: ") + what};
}

TermKind kind_of(const wire::PolicyTerm& term) {
  switch (term.is_case()) {
    case wire::PolicyTerm::kFrom:
      return TermKind::kFrom;
    case wire::PolicyTerm::kLabel:
      return TermKind::kLabel;
    case wire::PolicyTerm::kListener:
      return TermKind::kListener;
    case wire::PolicyTerm::kPort:
      return TermKind::kPort;
    case wire::PolicyTerm::kMethod:
      return TermKind::kMethod;
    case wire::PolicyTerm::kTo:
      return TermKind::kTo;
    case wire::PolicyTerm::kPath:
      return TermKind::kPath;
    case wire::PolicyTerm::kHeader:
      return TermKind::kHeader;
    case wire::PolicyTerm::kWhen:
      return TermKind::kWhen;
    case wire::PolicyTerm::kStatus:
      return TermKind::kStatus;
    case wire::PolicyTerm::kType:
      return TermKind::kType;
    case wire::PolicyTerm::kLargerThan:
      return TermKind::kSize;
    case wire::PolicyTerm::kVerified:
    case wire::PolicyTerm::IS_NOT_SET:
      break;
  }
  return TermKind::kVerified;
}

bool well_formed(const wire::PolicyZone& zone) {
  return zone.changes_size() == zone.offsets_size() &&
         std::is_sorted(zone.changes().begin(), zone.changes().end());
}

bool well_formed(const wire::PolicyLimit& limit) {
  if (!wire::PolicyLimit::Per_IsValid(limit.per())) return false;
  const wire::PolicyRate& rate = limit.requests();
  switch (limit.of_case()) {
    case wire::PolicyLimit::kRequests:
      return rate.interval_ns() > 0 && rate.burst() > 0 &&
             rate.interval_ns() <= kLongestLimit / rate.burst();
    case wire::PolicyLimit::kConnections:
      return limit.connections() > 0;
    case wire::PolicyLimit::OF_NOT_SET:
      break;
  }
  return false;
}

template <class Indexes>
bool below(const Indexes& indexes, std::size_t limit) {
  return std::all_of(indexes.begin(), indexes.end(), [limit](auto i) { return i < limit; });
}

// The lists as bits; below 64, as sound() and build_networks() have seen to.
std::uint64_t bits_of(const google::protobuf::RepeatedField<std::uint32_t>& lists) {
  std::uint64_t bits = 0;
  for (const std::uint32_t list : lists) bits |= std::uint64_t{1} << (list % lists::kMaxLists);
  return bits;
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::make(std::string_view serialized,
                                             std::optional<lists::ListsView> lists) {
  std::unique_ptr<Engine> engine(new Engine(lists));
  if (!engine->policy_.ParseFromArray(serialized.data(), static_cast<int>(serialized.size())) ||
      engine->policy_.ByteSizeLong() != serialized.size()) {
    return malformed("it is not a policy");
  }
  if (auto status = engine->build(); !status) return status.error();
  return engine;
}

Status Engine::build_networks() {
  const std::size_t lists = lists_ ? lists_->count() : 0;
  for (const wire::PolicyNetworks& networks : policy_.networks()) {
    std::vector<Network> members;
    for (const wire::ConfigNetwork& member : networks.members()) {
      const auto address = address_from_bytes(member.address());
      if (!address || member.prefix() > address->size() * 8) return malformed("a network");
      members.push_back({*address, member.prefix()});
    }
    if (!below(networks.lists(), lists)) return malformed("a list");
    networks_.emplace_back(members);
    network_lists_.push_back(bits_of(networks.lists()));
  }
  return ok();
}

Status Engine::build() {
  if (policy_.version() != kPolicyVersion) return malformed("unknown version");
  if (auto status = build_networks(); !status) return status;
  for (int i = 0; i < policy_.names_size(); ++i) {
    names_.add(static_cast<std::uint32_t>(i), policy_.names(i));
  }
  for (const wire::PolicyZone& zone : policy_.zones()) {
    if (!well_formed(zone)) return malformed("a time zone");
  }
  for (const wire::PolicyRule& source : policy_.rules()) {
    Rule rule;
    rule.source = &source;
    if (!wire::PolicyVerb_IsValid(source.verb())) return malformed("a rule's verb");
    if (source.verb() == wire::POLICY_LIMIT) {
      if (!well_formed(source.limit())) return malformed("a limit");
      has_limits_ = true;
    }
    for (const wire::PolicyTerm& term : source.terms()) {
      auto built = build_term(term);
      if (!built) return built.error();
      uses_time_ |= built->kind == TermKind::kWhen;
      uses_labels_ |= built->kind == TermKind::kLabel;
      rule.terms.push_back(std::move(*built));
    }
    std::stable_sort(rule.terms.begin(), rule.terms.end(),
                     [](const Term& a, const Term& b) { return a.kind < b.kind; });
    if (rule.asks_response() && rule.verb() == wire::POLICY_ALLOW) {
      return malformed("an allow rule about the response");
    }
    rules_.push_back(std::move(rule));
  }
  if (rules_.empty() || !rules_.back().terms.empty() || !rules_.back().decides()) {
    return malformed("it has no default");
  }
  index_rules();
  client_in_.resize(networks_.size());
  name_bits_.resize(words_for(static_cast<std::size_t>(policy_.names_size())));
  return ok();
}

void Engine::index_rules() {
  const std::size_t words = words_for(rules_.size());
  any_name_.resize(words);
  candidates_.resize(words);
  rules_of_names_.resize(static_cast<std::size_t>(policy_.names_size()));
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    bool by_name = false;
    for (const Term& term : rules_[i].terms) index_term(term, i, &by_name);
    if (!by_name) set_bit(any_name_, i);
  }
}

// Where there are many kinds of clients, the first ones will do: what is not in the index is looked
// at rule by rule.
void Engine::index_term(const Term& term, std::uint32_t rule, bool* by_name) {
  constexpr std::size_t kMaxClients = 16;
  if (term.negated) return;
  if (term.kind == TermKind::kTo) {
    const wire::PolicyTo& to = term.source->to();
    if (!to.networks().empty() || !to.lists().empty()) return;
    *by_name = true;
    for (const std::uint32_t names : to.names()) rules_of_names_[names].push_back(rule);
  } else if (term.kind == TermKind::kFrom && network_lists_[term.networks] == 0) {
    auto known = std::find_if(rules_of_clients_.begin(), rules_of_clients_.end(),
                              [&](const auto& each) { return each.first == term.networks; });
    if (known == rules_of_clients_.end()) {
      if (rules_of_clients_.size() == kMaxClients) return;
      known = rules_of_clients_.insert(known, {term.networks, RuleBits(candidates_.size())});
    }
    set_bit(known->second, rule);
  }
}

Result<Term> Engine::build_term(const wire::PolicyTerm& source) const {
  if (!sound(source)) return malformed("a term");
  Term term{kind_of(source), source.negated(), source.from(), 0, &source, nullptr};
  if (source.has_to()) term.lists = bits_of(source.to().lists());
  const wire::PolicyTexts* texts = nullptr;
  if (source.has_path()) texts = &source.path();
  if (source.has_header() && source.header().has_value()) texts = &source.header().value();
  if (source.has_type()) texts = &source.type();
  if (texts != nullptr) {
    auto pattern = TextPattern::make(*texts);
    if (!pattern) return pattern.error();
    term.pattern = std::make_unique<TextPattern>(std::move(*pattern));
  }
  return term;
}

// Every index leads to something.
bool Engine::sound(const wire::PolicyTerm& term) const {
  switch (term.is_case()) {
    case wire::PolicyTerm::kFrom:
      return term.from() < networks_.size();
    case wire::PolicyTerm::kTo:
      return below(term.to().names(), static_cast<std::size_t>(policy_.names_size())) &&
             below(term.to().networks(), networks_.size()) &&
             below(term.to().lists(), lists_ ? lists_->count() : 0);
    case wire::PolicyTerm::kWhen:
      return term.when().zone() < static_cast<std::uint32_t>(policy_.zones_size()) &&
             term.when().begins_size() == term.when().ends_size();
    case wire::PolicyTerm::kVerified:
      return term.verified();
    case wire::PolicyTerm::IS_NOT_SET:
      return false;
    default:
      return true;
  }
}

}  // namespace gatehouse::policy
