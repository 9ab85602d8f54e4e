// SPDX-License-Identifier: Apache-2.0
// What policy decides about the requests of a session, and what the client gets where it denies.
//
// A rule may need to know whether the name in Host is verified for the destination. Then the parent
// is asked and the request waits, with its head written for both answers; nothing has been
// connected.
#include "worker/access_record.h"
#include "worker/http/error_page.h"
#include "worker/policy_hook.h"
#include "worker/session.h"
#include "worker/workspace.h"

namespace gatehouse::worker {

// What is known before the parent is asked: in the other modes the gateway itself chooses the
// destination by the name.
policy::Verified Session::name_is_verified(const http::Head& head, const http::RequestPlan& plan) {
  if (service().mode != wire::TRANSPARENT) return policy::Verified::kYes;
  if (plan.host.size == 0) return policy::Verified::kNo;
  if (plan.literal.family != AF_UNSPEC)
    return policy::Verified::kYes;  // check_request() compared it
  if (host_check_ == nullptr || host_check_->pending() ||
      !host_check_->is_about(head.text(plan.host))) {
    return policy::Verified::kUnknown;
  }
  return host_check_->result() == wire::AccessRecord::MATCH ? policy::Verified::kYes
                                                            : policy::Verified::kNo;
}

// kNone: the request may go on, or waits for its name.
http::Refusal Session::ask_policy(const http::Head& head, const http::RequestPlan& plan) {
  PolicyHook* const hook = workspace_.policy.get();
  if (hook == nullptr) return http::Refusal::kNone;
  hook->decide({&head, &plan, service(), client_endpoint_, destination_},
               name_is_verified(head, plan));
  if (!hook->waits()) return take_verdict(verdict_of(hook->verified()));
  exchange_->policy_waits = true;
  exchange_->if_verified = verdict_of(hook->verified());
  exchange_->if_unverified = verdict_of(hook->unverified());
  return http::Refusal::kNone;
}

// About octets that are no HTTP.
bool Session::policy_allows_tunnel() {
  PolicyHook* const hook = workspace_.policy.get();
  if (hook == nullptr) return true;
  hook->decide({nullptr, nullptr, service(), client_endpoint_, destination_},
               policy::Verified::kNo);
  return hook->verified().rule->verb() == wire::POLICY_ALLOW;
}

http::Refusal Session::ask_policy_raw() {
  if (workspace_.policy == nullptr) return http::Refusal::kNone;
  policy_allows_tunnel();
  return take_verdict(verdict_of(workspace_.policy->verified()));
}

http::Refusal Session::take_verdict(PolicyVerdict verdict) {
  exchange_->policy_waits = false;
  exchange_->rule = verdict.rule;
  exchange_->later = std::move(verdict.later);
  if (exchange_->group != nullptr && !verdict.rule->source->upstream().empty()) {
    exchange_->group = workspace_.group_named(verdict.rule->source->upstream());
  }
  if (workspace_.logging) note_policy(*exchange_, verdict);
  if (verdict.rule->verb() != wire::POLICY_ALLOW) return http::Refusal::kPolicy;
  return verdict.claims.empty() ? http::Refusal::kNone : claim_limits(verdict.claims);
}

// The name has been looked up: of the two verdicts one holds, and of the two heads one is sent.
http::Refusal Session::settle_policy() {
  if (!exchange_->policy_waits) return http::Refusal::kNone;
  const bool verified = host_check_->result() == wire::AccessRecord::MATCH;
  if (!verified) std::swap(exchange_->request_head, exchange_->unverified_head);
  exchange_->unverified_head.clear();
  return take_verdict(std::move(verified ? exchange_->if_verified : exchange_->if_unverified));
}

// The request's head as it will be sent, for the name being verified, or not.
bool Session::write_both_heads(http::Head& head, const http::RequestPlan& plan) {
  const PolicyHook& hook = *workspace_.policy;
  for (const bool verified : {true, false}) {
    const PolicyVerdict& verdict = verified ? exchange_->if_verified : exchange_->if_unverified;
    if (verdict.rule->verb() != wire::POLICY_ALLOW) continue;
    const std::size_t size =
        write_request(head, plan, verified ? &hook.verified() : &hook.unverified());
    if (size == 0) return false;
    (verified ? exchange_->request_head : exchange_->unverified_head)
        .append(workspace_.blocks, {workspace_.head->data(), size});
  }
  return true;
}

// The final response's head is there, and nothing of it has left. False: a rule denies it.
bool Session::ask_policy_again(const http::Head& head, const http::ResponsePlan& plan,
                               policy::ResponseDecision* decision) {
  if (exchange_->later.empty()) return true;
  std::optional<std::uint64_t> size;
  if (plan.framing == http::Framing::kNone && !plan.tunnel) size = 0;
  if (plan.framing == http::Framing::kLength) size = plan.content_length;
  *decision = decide_response(exchange_->later, head, plan.status, size);
  if (workspace_.logging) note_response_policy(*exchange_, *decision);
  if (!plan.tunnel) {
    exchange_->too_large = decision->too_large;
    exchange_->most = decision->most;
  }
  if (decision->rule != nullptr) exchange_->rule = decision->rule;
  return decision->rule == nullptr;
}

// More content has come than a rule lets through.
void Session::deny_the_rest() {
  policy::ResponseDecision decision;
  decision.rule = exchange_->too_large;
  if (workspace_.logging) note_response_policy(*exchange_, decision);
  break_off_response(wire::REFUSED, http::refusal_text(http::Refusal::kPolicy).word);
}

// How a rule wants to be answered; false: not at all.
bool Session::form_denial(http::ErrorPage* page) const {
  const wire::PolicyAnswer& answer = exchange_->rule->source->answer();
  page->rule = exchange_->rule->name();
  switch (answer.form()) {
    case wire::PolicyAnswer::RESET:
      return false;
    case wire::PolicyAnswer::REDIRECT:
      page->location = answer.text();
      return true;
    case wire::PolicyAnswer::EMPTY:
      page->empty = true;
      return true;
    case wire::PolicyAnswer::PAGE:
      page->format = http::PageFormat::kHtml;
      break;
    case wire::PolicyAnswer::JSON:
      page->format = http::PageFormat::kJson;
      break;
    default:
      break;
  }
  page->reason = answer.text();
  return true;
}

}  // namespace gatehouse::worker
