// SPDX-License-Identifier: Apache-2.0
#include "worker/policy_hook.h"

#include <algorithm>
#include <array>

#include "worker/clock.h"
#include "worker/http/scan.h"

namespace gatehouse::worker {
namespace {

constexpr std::uint16_t kDefaultPort = 80;  // of http, RFC 9110 4.2.1

class HeadFields final : public policy::Fields {
 public:
  explicit HeadFields(const http::Head& head) : head_(head) {}

  bool any(std::string_view name, const policy::TextPattern* pattern) const override {
    const auto fields = head_.fields();
    return std::any_of(fields.begin(), fields.end(), [&](const http::Field& field) {
      return http::equals_ignoring_case(head_.name(field), name) &&
             (pattern == nullptr || pattern->matches(head_.value(field)));
    });
  }
  std::string value(std::string_view name) const override {
    std::string values;
    for (const http::Field& field : head_.fields()) {
      if (!http::equals_ignoring_case(head_.name(field), name)) continue;
      if (!values.empty()) values += ", ";
      values += head_.value(field);
    }
    return values;
  }

 private:
  const http::Head& head_;
};

// In forward mode the destination is what the request names, and its address only known where
// that is one.
void look_at_head(const PolicyQuestion& question, policy::Request* request) {
  const http::Head& head = *question.head;
  const http::RequestPlan& plan = *question.plan;
  request->method = head.text(head.method_text);
  const bool literal = plan.literal.family != AF_UNSPEC;
  if (!literal) request->host = head.text(plan.host);
  if (question.service.mode == wire::FORWARD) {
    request->destination = {plan.literal, plan.port != 0 ? plan.port : kDefaultPort};
  }
  if (plan.form == http::TargetForm::kAuthority) return;  // CONNECT has no path
  const std::string_view path = head.text(plan.path);
  request->path = path.starts_with('/') || plan.form == http::TargetForm::kAsterisk ? path : "/";
}

}  // namespace

PolicyHook::PolicyHook(std::unique_ptr<policy::Engine> engine) : engine_(std::move(engine)) {}

PolicyHook::RunTimeRule::RunTimeRule(std::string_view name) {
  source.set_name(std::string(name));
  source.set_verb(wire::POLICY_ALLOW);
  rule.source = &source;
}

void PolicyHook::RunTimeRule::decide(std::uint64_t number, policy::Decision* decision) const {
  decision->rule = &rule;
  decision->effects.clear();
  decision->later.clear();
  decision->claims.clear();
  decision->number = number;
}

// As if bypass and grant were the first rules of the file. A grant for a name is one like any
// rule's: it holds where the name is the destination's.
bool PolicyHook::decide_by_table(policy::Request& request) {
  const auto now_ms = static_cast<std::int64_t>(Clock::wall_us() / 1000);
  const IpAddress& client = request.client;
  if (engine_->uses_labels()) {
    table_->labels(client, now_ms, &labels_);
    request.labels = labels_;
  }
  if (const std::uint64_t number = table_->bypass(client, now_ms); number != 0) {
    bypass_.decide(number, &verified_);
    return true;
  }
  if (!table_->may_have_grants(client)) return false;
  std::uint64_t number = 0;
  if (request.destination.address.family != AF_UNSPEC) {
    number = table_->grant(client, to_string(request.destination.address), now_ms);
  }
  if (number != 0) {
    grant_.decide(number, &verified_);
    return true;
  }
  std::array<char, policy::kMaxName> space;
  number = table_->grant(client, policy::normal_name(request.host, space), now_ms);
  if (number == 0 || request.verified == policy::Verified::kNo) return false;
  grant_.decide(number, &verified_);
  if (request.verified == policy::Verified::kYes) return true;
  waits_ = true;
  request.verified = policy::Verified::kNo;
  engine_->decide(request, &unverified_);
  return true;
}

void PolicyHook::decide(const PolicyQuestion& question, policy::Verified verified) {
  policy::Request request;
  request.client = question.client.address;
  request.mode = question.service.mode;
  request.listener_port = static_cast<std::uint16_t>(question.service.listener->port());
  request.destination = question.destination;
  request.verified = verified;
  if (engine_->uses_time()) {
    request.now = static_cast<std::int64_t>(Clock::wall_us() / 1'000'000);
  }
  waits_ = false;
  if (question.head == nullptr) {
    if (table_ == nullptr || !decide_by_table(request)) engine_->decide(request, &verified_);
    return;
  }
  const HeadFields fields(*question.head);
  request.fields = &fields;
  look_at_head(question, &request);
  if (table_ != nullptr && decide_by_table(request)) return;
  engine_->decide(request, &verified_);
  if (verified_.rule != nullptr) return;
  waits_ = true;
  request.verified = policy::Verified::kYes;
  engine_->decide(request, &verified_);
  request.verified = policy::Verified::kNo;
  engine_->decide(request, &unverified_);
}

PolicyVerdict verdict_of(const policy::Decision& decision) {
  PolicyVerdict verdict;
  verdict.rule = decision.rule;
  verdict.later = decision.later;
  verdict.claims = decision.claims;
  if (decision.number != 0) {
    verdict.tags = decision.rule->name() + "-" + std::to_string(decision.number);
  }
  const auto add = [](std::string_view word, std::string* words) {
    if (!words->empty()) *words += ',';
    words->append(word);
  };
  for (const policy::Rule* effect : decision.effects) {
    if (effect->verb() == wire::POLICY_AUDIT) add(effect->name(), &verdict.audits);
    if (effect->verb() == wire::POLICY_TAG) add(effect->source->tag(), &verdict.tags);
  }
  return verdict;
}

policy::ResponseDecision decide_response(std::span<const policy::Rule* const> rules,
                                         const http::Head& head, std::uint16_t status,
                                         std::optional<std::uint64_t> size) {
  policy::Response response{status, {}, size};
  for (const http::Field& field : head.fields()) {
    if (http::equals_ignoring_case(head.name(field), "content-type")) {
      response.types.push_back(head.value(field));
    }
  }
  return policy::decide_response(rules, response);
}

HeadEdits::HeadEdits(std::span<const policy::Rule* const> effects, http::Head* head) : head_(head) {
  for (const policy::Rule* effect : effects) {
    if (effect->verb() != wire::POLICY_HEADER) continue;
    const wire::PolicyEdit& edit = effect->source->edit();
    for (http::Field& field : head_->fields()) {
      if (field.drop || !http::equals_ignoring_case(head_->name(field), edit.name())) continue;
      field.drop = true;
      dropped_.push_back(&field);
    }
    if (!edit.remove()) {
      lines_.append(edit.name()).append(": ").append(edit.value()).append("\r\n");
    }
  }
}

HeadEdits::~HeadEdits() {
  for (http::Field* field : dropped_) field->drop = false;
}

}  // namespace gatehouse::worker
