// SPDX-License-Identifier: Apache-2.0
// The second pass: rules about the response, once its head is there.
#include <algorithm>
#include <string>

#include "policy/engine.h"

namespace gatehouse::policy {
namespace {

// "Text/HTML ; charset=utf-8" as "text/html".
std::string media_type(std::string_view value) {
  std::string type(value.substr(0, value.find(';')));
  type.erase(type.find_last_not_of(" \t") + 1);
  type.erase(0, type.find_first_not_of(" \t"));
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return type;
}

enum class Match : std::uint8_t { kNo, kYes, kOnceLarger };

// kOnceLarger: everything but its size, which is not known yet.
Match match(const Rule& rule, const Response& response, const std::vector<std::string>& types,
            std::uint64_t* most) {
  Match result = Match::kYes;
  for (const Term& term : rule.terms) {
    const wire::PolicyTerm& source = *term.source;
    bool holds = true;
    if (term.kind == TermKind::kStatus) {
      const auto& ranges = source.status().ranges();
      holds = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
        return response.status >= range.first() && response.status <= range.last();
      });
    } else if (term.kind == TermKind::kType) {
      holds = std::any_of(types.begin(), types.end(),
                          [&](const auto& type) { return term.pattern->matches(type); });
    } else if (term.kind == TermKind::kSize && response.size) {
      holds = *response.size > source.larger_than();
    } else if (term.kind == TermKind::kSize) {
      result = Match::kOnceLarger;
      *most = source.larger_than();
      continue;
    } else {
      continue;  // of the request, and asked then
    }
    if (holds == term.negated) return Match::kNo;
  }
  return result;
}

}  // namespace

ResponseDecision decide_response(std::span<const Rule* const> rules, const Response& response) {
  ResponseDecision decision;
  std::vector<std::string> types;
  for (const std::string_view value : response.types) types.push_back(media_type(value));
  for (const Rule* rule : rules) {
    std::uint64_t most = 0;
    const Match result = match(*rule, response, types, &most);
    if (result == Match::kNo) continue;
    const bool denies = rule->verb() == wire::POLICY_DENY;
    if (result == Match::kOnceLarger) {
      if (denies && (decision.too_large == nullptr || most < decision.most)) {
        decision.too_large = rule;
        decision.most = most;
      }
      continue;
    }
    if (denies) {
      decision.rule = rule;
      return decision;
    }
    decision.effects.push_back(rule);
  }
  return decision;
}

}  // namespace gatehouse::policy
