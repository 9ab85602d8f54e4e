// SPDX-License-Identifier: Apache-2.0
#include "resolver/resolver.h"

#include <algorithm>

namespace gatehouse::resolver {
namespace {
// Seconds. A TTL of 0 is for the question at hand; a short floor spares the servers a storm.
constexpr std::uint32_t kShortestTtl = 1;
constexpr std::uint32_t kLongestTtl = 3600;
constexpr std::uint32_t kNoNameTtl = 30;  // RFC 2308 allows what the zone says; this is less
constexpr std::uint32_t kFailureTtl = 2;
}  // namespace

void Resolver::query(std::uint64_t id, const std::string& text, std::uint64_t now_ms) {
  now_ms_ = now_ms;
  const std::string name = canonical_name(text);
  if (const CachedAnswer* known = cache_.find(name, now_ms)) {
    const auto left = static_cast<std::uint32_t>((known->expiry_ms - now_ms) / 1000);
    return answer_(id, known->addresses, left);
  }
  const auto [open, added] = open_.try_emplace(name);
  open->second.askers.push_back(id);
  if (added) ask(name);
}

void Resolver::ask(const std::string& name) {
  Open& open = open_[name];
  DnsServer& server = *servers_[open.attempt % servers_.size()];
  ++open.attempt;
  server.ask(name, [this, name](DnsServer::Reply reply) { replied(name, std::move(reply)); });
}

void Resolver::replied(const std::string& name, DnsServer::Reply reply) {
  const auto found = open_.find(name);
  if (found == open_.end()) return;
  if (reply.outcome == Outcome::kFailure && found->second.attempt < tries_ * servers_.size()) {
    return ask(name);
  }
  std::uint32_t ttl = std::clamp(reply.ttl, kShortestTtl, kLongestTtl);
  if (reply.outcome == Outcome::kNoName) ttl = kNoNameTtl;
  if (reply.outcome == Outcome::kFailure) ttl = kFailureTtl;
  cache_.put(name, {reply.addresses, now_ms_ + ttl * 1000ULL}, now_ms_);
  const std::vector<std::uint64_t> askers = std::move(found->second.askers);
  open_.erase(found);
  for (const std::uint64_t id : askers) answer_(id, reply.addresses, ttl);
}

}  // namespace gatehouse::resolver
