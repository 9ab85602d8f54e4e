// SPDX-License-Identifier: Apache-2.0
// What limit rules do to the exchanges of a session (docs/policy.md, "Limits"). An exchange that no
// limit matches comes here never.
#include <algorithm>

#include "worker/access_record.h"
#include "worker/session.h"
#include "worker/workspace.h"

namespace gatehouse::worker {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kConnectionWaitNs = kSecond;  // nobody knows when another one ends

}  // namespace

// All or none: what was taken before a limit refuses is given back.
http::Refusal Session::claim_limits(const std::vector<policy::Claim>& claims) {
  const std::uint64_t now = workspace_.clock.now_us() * 1000;
  const std::size_t held_before = holds_ != nullptr ? holds_->size() : 0;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const wire::PolicyLimit& limit = claims[i].rule->source->limit();
    const wire::PolicyRate& rate = limit.requests();
    const policy::Taken taken =
        limit.has_connections()
            ? policy::Taken{hold(claims[i]), kConnectionWaitNs}
            : workspace_.limits->rates.take(claims[i].key, now, rate.interval_ns(), rate.burst());
    if (taken.granted) continue;
    for (std::size_t before = 0; before < i; ++before) {
      const std::uint64_t interval = claims[before].rule->source->limit().requests().interval_ns();
      if (interval > 0) workspace_.limits->rates.give_back(claims[before].key, interval);
    }
    if (holds_ != nullptr) release_holds(held_before);
    return refused_by(claims[i].rule, taken.wait_ns);
  }
  return http::Refusal::kNone;
}

// From its first request that the limit lets pass to its end a connection counts, under the key of
// the last such request.
bool Session::hold(const policy::Claim& claim) {
  const std::uint64_t now = workspace_.clock.now_us() * 1000;
  if (holds_ == nullptr) holds_ = std::make_unique<std::vector<policy::LimitKey>>();
  // By the rule's own fingerprint: a reload may have come in between.
  const auto same = std::find_if(holds_->begin(), holds_->end(), [&](const policy::LimitKey& held) {
    return held.rule == claim.key.rule;
  });
  if (same != holds_->end() && same->fingerprint == claim.key.fingerprint) return true;
  const std::uint32_t most = claim.rule->source->limit().connections();
  if (!workspace_.limit_holds.enter(claim.key, most, now)) return false;
  if (same == holds_->end()) {
    holds_->push_back(claim.key);
  } else {
    workspace_.limit_holds.leave(*same, now);
    *same = claim.key;
  }
  return true;
}

// But the first so many.
void Session::release_holds(std::size_t keep) {
  for (; holds_->size() > keep; holds_->pop_back()) {
    workspace_.limit_holds.leave(holds_->back(), workspace_.clock.now_us() * 1000);
  }
}

http::Refusal Session::refused_by(const policy::Rule* limit, std::uint64_t wait_ns) {
  exchange_->limit = limit;
  exchange_->retry_after = static_cast<std::uint32_t>((wait_ns + kSecond - 1) / kSecond);
  if (workspace_.logging) note_limit(*exchange_, limit->name());
  return http::Refusal::kLimit;
}

}  // namespace gatehouse::worker
