// SPDX-License-Identifier: Apache-2.0
#include "cli/replay_judge.h"

#include <algorithm>

#include "cli/logs/sight.h"
#include "policy/text_pattern.h"

namespace gatehouse::cli {
namespace {

// Combinations that are tried; a policy that asks for more at once gets kUnclear.
constexpr int kMaxRuns = 256;

}  // namespace

// The log has one value of two fields. An empty one counts as none.
class Judge::LoggedFields final : public policy::Fields {
 public:
  LoggedFields(Judge* judge, const logs::Record& record) : judge_(judge), record_(record) {}

  bool any(std::string_view name, const policy::TextPattern* pattern) const override {
    const std::optional<std::string_view>* known = nullptr;
    if (name == "user-agent") known = &record_.user_agent;
    if (name == "referer") known = &record_.referer;
    constexpr std::size_t kCut = 1024;  // octets of them that a log holds at least
    if (known != nullptr && *known && (*known)->size() < kCut) {
      return !(*known)->empty() && (pattern == nullptr || pattern->matches(**known));
    }
    judge_->missing_ |= kHeaderField;
    return judge_->assume(name, pattern);
  }

 private:
  Judge* judge_;
  const logs::Record& record_;
};

Judge::Judge(policy::Engine* engine, const policy::Modes& modes,
             std::optional<wire::ConfigMode> listener)
    : engine_(engine), modes_(modes), listener_(listener) {
  for (const policy::Rule& rule : engine->rules()) {
    for (const policy::Term& term : rule.terms) {
      if (term.source->has_to()) {
        const wire::PolicyTo& to = term.source->to();
        looks_at_addresses_ |= !to.networks().empty() || !to.lists().empty();
      }
      for (const std::uint32_t port : term.source->listener().ports()) {
        listener_ports_.push_back(static_cast<std::uint16_t>(port));
      }
    }
  }
  std::sort(listener_ports_.begin(), listener_ports_.end());
  listener_ports_.erase(std::unique(listener_ports_.begin(), listener_ports_.end()),
                        listener_ports_.end());
}

Judgement Judge::judge(const logs::Record& record) {
  if (record.decided == logs::Decided::kNothing) return {Change::kNotAsked};
  const wire::ConfigMode mode =
      record.mode ? *record.mode : listener_.value_or(likely_mode(record, modes_));
  const auto sight = logs::sight_of(record, mode);
  if (!sight) return {Change::kNotAsked};
  missing_ = 0;
  policy::Request request = sight->request;
  const policy::Rule* const rule = run(request, record);
  bool clear = rule != nullptr;
  if (!sight->port_known && !listener_ports_.empty()) {
    missing_ |= kListenerPort;
    for (const std::uint16_t port : listener_ports_) {
      request.listener_port = port;
      const policy::Rule* const other = clear ? run(request, record) : nullptr;
      clear = other != nullptr && other->verb() == rule->verb();
    }
  }
  if (!sight->address_known && looks_at_addresses_) missing_ |= kAddress, clear = false;
  if (record.cut) missing_ |= kWholeText, clear = false;
  if (!clear) return {Change::kUnclear, nullptr, missing_};
  const bool allowed = rule->verb() == wire::POLICY_ALLOW;
  if (allowed == (record.decided == logs::Decided::kAllow)) return {Change::kNone, rule, missing_};
  return {allowed ? Change::kNowAllowed : Change::kNowDenied, rule, missing_};
}

// The rule that decides, one of those that may; null: some allow and some deny.
const policy::Rule* Judge::run(const policy::Request& request, const logs::Record& record) {
  const LoggedFields fields(this, record);
  assumptions_.clear();
  const policy::Rule* first = nullptr;
  for (int runs = 0; runs < kMaxRuns; ++runs) {
    decide(request, fields);
    if (response_may_be_denied(record)) {
      missing_ |= kResponse;
      return nullptr;
    }
    if (first == nullptr) first = decision_.rule;
    if (first->verb() != decision_.rule->verb()) return nullptr;
    if (!next_assumptions()) return first;
  }
  return nullptr;
}

// Of a response then the log has the status, which rules one out or not.
bool Judge::response_may_be_denied(const logs::Record& record) const {
  const bool answered = record.decided == logs::Decided::kAllow && record.status != 0;
  return std::any_of(decision_.later.begin(), decision_.later.end(),
                     [&](const policy::Rule* rule) {
                       if (rule->verb() != wire::POLICY_DENY) return false;
                       return std::all_of(
                           rule->terms.begin(), rule->terms.end(), [&](const policy::Term& term) {
                             if (term.kind != policy::TermKind::kStatus || !answered) return true;
                             const auto& ranges = term.source->status().ranges();
                             return term.negated !=
                                    std::any_of(ranges.begin(), ranges.end(),
                                                [&](const auto& range) {
                                                  return record.status >= range.first() &&
                                                         record.status <= range.last();
                                                });
                           });
                     }) &&
         decision_.rule->verb() == wire::POLICY_ALLOW;
}

void Judge::decide(policy::Request request, const LoggedFields& fields) {
  request.fields = &fields;
  const auto verified = std::find_if(assumptions_.begin(), assumptions_.end(),
                                     [](const auto& one) { return one.name.empty(); });
  if (request.verified == policy::Verified::kUnknown && verified != assumptions_.end()) {
    request.verified = verified->holds ? policy::Verified::kYes : policy::Verified::kNo;
  }
  engine_->decide(request, &decision_);
  if (decision_.rule != nullptr) return;
  missing_ |= kNameCheck;
  request.verified = assume({}, nullptr) ? policy::Verified::kYes : policy::Verified::kNo;
  engine_->decide(request, &decision_);
}

// What is taken to be so; at first that it isn't.
bool Judge::assume(std::string_view name, const policy::TextPattern* pattern) {
  for (const Assumption& one : assumptions_) {
    if (one.name == name && one.pattern == pattern) return one.holds;
  }
  assumptions_.push_back({name, pattern, false});
  return false;
}

// The next combination, as a number counts up; false: there is none.
bool Judge::next_assumptions() {
  while (!assumptions_.empty() && assumptions_.back().holds) assumptions_.pop_back();
  if (assumptions_.empty()) return false;
  assumptions_.back().holds = true;
  return true;
}

}  // namespace gatehouse::cli
