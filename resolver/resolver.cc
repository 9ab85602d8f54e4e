// SPDX-License-Identifier: Apache-2.0
#include "resolver/resolver.h"

#include <algorithm>

#include "resolver/name.h"

namespace gatehouse::resolver {
namespace {

constexpr std::size_t kMaxNames = 16'384;
constexpr std::size_t kMaxAddresses = 16;  // of one Answer
// Seconds. A TTL of 0 is for the question at hand; a short floor spares the servers a storm.
constexpr std::uint32_t kShortestTtl = 1;
constexpr std::uint32_t kLongestTtl = 3600;
constexpr std::uint32_t kNoNameTtl = 30;  // RFC 2308 allows what the zone says; this is less
constexpr std::uint32_t kHalfTtl = 10;    // one of A and AAAA is not known
constexpr std::uint32_t kFailureTtl = 2;
constexpr std::uint32_t kKnownTtl = 3600;  // what no server is asked about

// A server that was silent so often in a row is asked last, but for one question now and then.
constexpr unsigned kSilences = 3;
constexpr std::uint64_t kProbeInterval = 10'000;  // ms

std::size_t half_of(RecordType type) { return type == RecordType::kA ? 0 : 1; }

bool failed(const Reply& reply) {
  return reply.outcome == Outcome::kFailure || reply.outcome == Outcome::kSilence;
}

// Families alternate, so that neither loses all when there are too many.
std::vector<IpAddress> merge(const std::vector<IpAddress>& a, const std::vector<IpAddress>& b) {
  std::vector<IpAddress> all;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (i < a.size() && all.size() < kMaxAddresses) all.push_back(a[i]);
    if (i < b.size() && all.size() < kMaxAddresses) all.push_back(b[i]);
  }
  return all;
}

std::uint32_t ttl_of(const Reply& a, const Reply& aaaa) {
  const bool half = failed(a) || failed(aaaa);
  if (a.addresses.empty() && aaaa.addresses.empty()) return half ? kFailureTtl : kNoNameTtl;
  std::uint32_t ttl = half ? kHalfTtl : kLongestTtl;
  for (const Reply* reply : {&a, &aaaa}) {
    if (!reply->addresses.empty()) ttl = std::min(ttl, reply->ttl);
  }
  return std::max(ttl, kShortestTtl);
}

}  // namespace

Resolver::Resolver(std::size_t servers, unsigned tries, Ask ask, Answer answer)
    : servers_(servers),
      tries_(tries),
      ask_(std::move(ask)),
      answer_(std::move(answer)),
      cache_(kMaxNames) {}

void Resolver::query(std::uint64_t id, const std::string& text, std::uint64_t now_ms) {
  now_ms_ = now_ms;
  const std::string name = canonical_name(text);
  if (const auto known = known_addresses(name)) return answer_(id, *known, kKnownTtl);
  if (const CachedAnswer* cached = cache_.find(name, now_ms)) {
    const auto left = static_cast<std::uint32_t>((cached->expiry_ms - now_ms) / 1000);
    return answer_(id, cached->addresses, left);
  }
  const auto [open, added] = open_.try_emplace(name);
  open->second.askers.push_back(id);
  if (!added) return;
  ask(name, {RecordType::kA, RecordType::kAaaa});
  finish_if_complete(name);
}

// Among the servers not asked yet the first that is not known to be silent.
std::size_t Resolver::choose(unsigned asked) {
  std::size_t last_resort = servers_.size();
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if ((asked >> i & 1) != 0) continue;
    if (last_resort == servers_.size()) last_resort = i;
    Health& server = servers_[i];
    if (server.silences < kSilences) return i;
    if (now_ms_ >= server.next_probe_ms) {
      server.next_probe_ms = now_ms_ + kProbeInterval;
      return i;
    }
  }
  return last_resort;
}

// Asks a server that is as good for all of types; they are in the same state.
void Resolver::ask(const std::string& name, const std::vector<RecordType>& types) {
  Open& open = open_.at(name);
  Half& first = open.halves[half_of(types.front())];
  while (first.attempts < tries_ * servers_.size()) {
    if (first.attempts % servers_.size() == 0) first.asked = 0;
    const std::size_t server = choose(first.asked);
    ++first.attempts;
    first.asked |= 1U << server;
    for (const RecordType type : types) open.halves[half_of(type)] = first;
    if (ask_(server, name, types, [this, name, server](RecordType type, Reply reply) {
          replied(name, server, type, std::move(reply));
        })) {
      return;
    }
  }
  for (const RecordType type : types) open.halves[half_of(type)].finished = true;
}

void Resolver::replied(const std::string& name, std::size_t server, RecordType type, Reply reply) {
  Health& health = servers_[server];
  if (reply.outcome != Outcome::kSilence) {
    health.silences = 0;
  } else if (++health.silences == kSilences) {
    health.next_probe_ms = now_ms_ + kProbeInterval;
  }
  const auto found = open_.find(name);
  if (found == open_.end()) return;
  Half& half = found->second.halves[half_of(type)];
  half.reply = std::move(reply);
  if (failed(half.reply) && should_retry(found->second, half)) {
    ask(name, {type});
  } else {
    half.finished = true;
  }
  finish_if_complete(name);
}

// Who has addresses of one family waits for the other's no longer than every server takes once.
bool Resolver::should_retry(const Open& open, const Half& half) const {
  const bool some = std::any_of(open.halves.begin(), open.halves.end(),
                                [](const Half& other) { return !other.reply.addresses.empty(); });
  return half.attempts < (some ? 1 : tries_) * servers_.size();
}

void Resolver::finish_if_complete(const std::string& name) {
  const auto found = open_.find(name);
  if (found == open_.end()) return;
  auto& [a, aaaa] = found->second.halves;
  if (!a.finished || !aaaa.finished) return;
  const auto addresses = merge(a.reply.addresses, aaaa.reply.addresses);
  const std::uint32_t ttl = ttl_of(a.reply, aaaa.reply);
  const std::vector<std::uint64_t> askers = std::move(found->second.askers);
  cache_.put(name, {addresses, now_ms_ + ttl * 1000ULL}, now_ms_);
  open_.erase(found);
  for (const std::uint64_t id : askers) answer_(id, addresses, ttl);
}

}  // namespace gatehouse::resolver
