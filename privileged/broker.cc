// SPDX-License-Identifier: Apache-2.0
#include "privileged/broker.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "ipc/codec.h"
#include "privileged/confine.h"

namespace gatehouse::privileged {
namespace {

constexpr auto kShortestGrant = std::chrono::seconds(30);
constexpr std::size_t kMaxGrantsPerAnswer = 8;

// What a refusal says in the log; nothing for those that a client can cause at will.
std::string_view describe(wire::Refused::Reason reason) {
  switch (reason) {
    case wire::Refused::FLOOR:
      return "the floor forbids this destination";
    case wire::Refused::LOCAL:
      return "the destination is an address of this host, a loop";
    case wire::Refused::CLIENT:
      return "the client is in none of the networks of [gateway] clients";
    case wire::Refused::PORT:
      return "the port is in no listener's intercept.ports, nor in forward.ports";
    case wire::Refused::PRIVATE:
      return "a private destination that forward.allow_private does not name";
    case wire::Refused::POLICY:
      return "the floor of the policy: none of its rules could allow it";
    case wire::Refused::UNPROVED:
      return "the floor of the policy: no name was proved for this client's destination";
    default:
      return {};
  }
}

// LDH labels, underscores, dots, and the colons of an IPv6 literal: whatever else a name holds, it
// never reaches the resolver.
bool is_plausible_name(const std::string& name) {
  constexpr std::size_t kLongest = 253;  // RFC 1035 2.3.4
  return !name.empty() && name.size() <= kLongest &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_' || c == ':';
         });
}

// An address in text is its own answer and proves nothing: names end in a label with a letter.
bool is_literal(const std::string& name) {
  const std::size_t last = name.find_last_of('.', name.size() - 2) + 1;  // but for a final dot
  return name.find(':') != name.npos ||
         std::none_of(name.begin() + static_cast<long>(last), name.end(),
                      [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; });
}

void forget_replies(WorkerHandle& worker) {
  worker.replies.Clear();
  worker.reply_fds.clear();
}

// RFC 8305 4: families alternate, IPv6 first.
std::vector<IpAddress> interleave(const std::vector<IpAddress>& addresses) {
  std::vector<IpAddress> v6, v4, mixed;
  for (const IpAddress& a : addresses) (a.family == AF_INET6 ? v6 : v4).push_back(a);
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) mixed.push_back(v6[i]);
    if (i < v4.size()) mixed.push_back(v4[i]);
  }
  return mixed;
}

}  // namespace

Broker::Broker(Loop& loop, EventLog& log, ResolverLink& resolver, Floor floor, Violation violation,
               Find find)
    : log_(log),
      resolver_(resolver),
      floor_(std::move(floor)),
      violation_(std::move(violation)),
      find_(std::move(find)),
      connector_(loop, [this](WorkerHandle& worker, std::uint64_t id, UniqueFd socket, int error) {
        connected(worker, id, std::move(socket), error);
      }) {}

void Broker::configure(const Settings* settings, std::uint64_t own_netns) {
  settings_ = settings;
  own_netns_ = own_netns;
}

void Broker::handle(WorkerHandle& worker, const wire::Request& request, UniqueFd client) {
  if (worker.outstanding.size() >= kMaxOutstanding) {
    return violation_(worker, "too many requests at once");
  }
  if (!worker.outstanding.insert(request.id()).second) {
    return violation_(worker, "a request id in use");
  }
  Evidence evidence;
  std::string_view why;
  const EvidenceVerdict verdict = examine(client.get(), own_netns_, &evidence, &why);
  if (verdict == EvidenceVerdict::kForged) {
    return violation_(worker, "forged evidence: " + std::string(why));
  }
  if (verdict == EvidenceVerdict::kGone) {
    return refuse(worker, request.id(), wire::Refused::CLIENT_GONE, evidence, {});
  }
  if (request.has_resolve()) {
    return resolve(worker, request.id(), request.resolve().name(), evidence);
  }
  if (!request.has_connect()) return violation_(worker, "an empty request");
  connect(worker, request.id(), request.connect(), evidence);
}

void Broker::connect(WorkerHandle& worker, std::uint64_t id, const wire::Connect& request,
                     const Evidence& evidence) {
  const TimePoint now = Clock::now();
  Endpoint target = evidence.destination;
  bool keep_source = settings_->keep_source;
  Mode asked = Mode::kTransparent;
  Reason reason = judge_client(worker, evidence, now);
  switch (request.destination_case()) {
    case wire::Connect::kClientDestination:
      if (reason == wire::Refused::UNSPECIFIED) reason = judge_original(evidence, now);
      break;
    case wire::Connect::kForwardGrant:
      asked = Mode::kForward;
      keep_source = settings_->forward_keep_source;
      if (reason != wire::Refused::UNSPECIFIED) break;
      reason = judge_grant(worker, request.forward_grant(), evidence, now, &target);
      break;
    case wire::Connect::kConfiguredEndpoint:
      asked = Mode::kReverse;
      if (reason != wire::Refused::UNSPECIFIED) break;
      reason = judge_endpoint(worker, request.configured_endpoint().id(), evidence, &target,
                              &keep_source);
      break;
    case wire::Connect::DESTINATION_NOT_SET:
      return violation_(worker, "a Connect without a destination");
  }
  if (asked != worker.mode) return violation_(worker, "a Connect of another mode than its own");
  if (reason == wire::Refused::UNSPECIFIED) {
    // In reverse mode the policy speaks of where the client has connected to.
    reason = judge_policy(worker, evidence, asked == Mode::kReverse ? evidence.destination : target,
                          now);
  }
  if (reason != wire::Refused::UNSPECIFIED) return refuse(worker, id, reason, evidence, target);
  std::optional<IpAddress> source;
  if (keep_source) source = evidence.client.address;
  connector_.connect(worker, id, source, target, now + settings_->connect_timeout);
}

// What holds in every mode.
Broker::Reason Broker::judge_client(WorkerHandle& worker, const Evidence& evidence, TimePoint now) {
  // First, as refusals cost a line in the log.
  if (!take_token(worker, evidence.cookie, now)) return wire::Refused::QUOTA;
  if (!settings_->serves(evidence.client.address)) return wire::Refused::CLIENT;
  return wire::Refused::UNSPECIFIED;
}

Broker::Reason Broker::judge_original(const Evidence& evidence, TimePoint now) {
  if (!settings_->intercepts(evidence.destination.port)) return wire::Refused::PORT;
  return judge_address(evidence.destination.address, now);
}

Broker::Reason Broker::judge_address(const IpAddress& address, TimePoint now) {
  switch (floor_.judge(address, now)) {
    case Floor::Verdict::kDenied:
      return wire::Refused::FLOOR;
    case Floor::Verdict::kLocal:
      return wire::Refused::LOCAL;
    case Floor::Verdict::kAllowed:
      break;
  }
  return wire::Refused::UNSPECIFIED;
}

Broker::Reason Broker::judge_grant(const WorkerHandle& worker, const wire::ForwardGrant& request,
                                   const Evidence& evidence, TimePoint now, Endpoint* target) {
  if (!settings_->listens(Mode::kForward, evidence.destination)) return wire::Refused::PORT;
  const auto found = worker.grants.find(request.grant());
  if (found == worker.grants.end() || found->second.cookie != evidence.cookie ||
      found->second.expiry < now) {
    return wire::Refused::GRANT;
  }
  target->address = found->second.address;
  target->port = static_cast<std::uint16_t>(request.port());
  if (request.port() > 65535 || !settings_->forwards_to(target->port)) return wire::Refused::PORT;
  return judge_egress(target->address, now);
}

// Where a name may lead, whoever resolved it.
Broker::Reason Broker::judge_egress(const IpAddress& address, TimePoint now) {
  const Reason reason = judge_address(address, now);
  if (reason != wire::Refused::UNSPECIFIED) return reason;
  const auto& allowed = settings_->forward_private;
  const bool named = std::any_of(allowed.begin(), allowed.end(),
                                 [&](const Network& network) { return network.contains(address); });
  return is_private(address) && !named ? wire::Refused::PRIVATE : wire::Refused::UNSPECIFIED;
}

// The administrator has named it, so private addresses are fine; loopback needs the command line.
Broker::Reason Broker::judge_endpoint(const WorkerHandle& worker, std::uint32_t id,
                                      const Evidence& evidence, Endpoint* target,
                                      bool* keep_source) {
  if (!settings_->listens(Mode::kReverse, evidence.destination)) return wire::Refused::PORT;
  const auto& servers = worker.started_with->servers;
  const auto found = servers.find(id);
  if (found == servers.end()) return wire::Refused::GRANT;
  *target = found->second.endpoint;
  *keep_source = found->second.keep_source;
  return floor_.forbids_endpoint(*target) ? wire::Refused::FLOOR : wire::Refused::UNSPECIFIED;
}

// By the policy that the worker decides with, lest what it rightly allows be refused; for exchanges
// that have just begun, also by the one before.
Broker::Reason Broker::judge_policy(const WorkerHandle& worker, const Evidence& evidence,
                                    const Endpoint& target, TimePoint now) const {
  if (omitted("policy-floor")) return wire::Refused::UNSPECIFIED;
  const bool proved = worker.proved.count(evidence.cookie) != 0;
  const auto judge = [&](const Settings& by) {
    const auto& floor = by.policy_floors[static_cast<unsigned>(worker.mode)];
    if (floor == nullptr) return wire::Refused::UNSPECIFIED;
    const bool others = by.speaks_for_others(worker.mode, evidence.client.address);
    switch (floor->judge(others ? nullptr : &evidence.client.address, target, proved)) {
      case PolicyFloor::Verdict::kDenied:
        return wire::Refused::POLICY;
      case PolicyFloor::Verdict::kUnproved:
        return wire::Refused::UNPROVED;
      case PolicyFloor::Verdict::kAllowed:
        break;
    }
    return wire::Refused::UNSPECIFIED;
  };
  const Reason reason = judge(*worker.policy);
  if (reason == wire::Refused::UNSPECIFIED || worker.policy_before == nullptr ||
      now >= worker.policy_before_until) {
    return reason;
  }
  return judge(*worker.policy_before);
}

bool Broker::take_token(WorkerHandle& worker, std::uint64_t cookie, TimePoint now) {
  const double burst = settings_->quota_burst;
  const auto level = [&](const Bucket& bucket) {
    const std::chrono::duration<double> passed = now - bucket.filled;
    return std::min(burst, bucket.tokens + passed.count() * settings_->quota_per_second);
  };
  auto& buckets = worker.buckets;
  if (buckets.size() >= worker.sweep_buckets_at) {
    // A full bucket says nothing that a new one would not.
    std::erase_if(buckets, [&](const auto& entry) { return level(entry.second) >= burst; });
    worker.sweep_buckets_at = std::max<std::size_t>(1024, 2 * buckets.size());
  }
  Bucket& bucket = buckets.try_emplace(cookie, Bucket{burst, now}).first->second;
  bucket = {level(bucket), now};
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

void Broker::resolve(WorkerHandle& worker, std::uint64_t id, const std::string& name,
                     const Evidence& evidence) {
  if (worker.mode == Mode::kReverse) return violation_(worker, "a Resolve of another mode");
  Reason reason = judge_client(worker, evidence, Clock::now());
  if (reason == wire::Refused::UNSPECIFIED && worker.mode == Mode::kForward &&
      !settings_->listens(Mode::kForward, evidence.destination)) {
    reason = wire::Refused::PORT;
  }
  if (reason == wire::Refused::UNSPECIFIED && !is_plausible_name(name))
    reason = wire::Refused::NAME;
  if (reason != wire::Refused::UNSPECIFIED) {
    return refuse(worker, id, reason, evidence, evidence.destination);
  }
  const bool proves = !is_literal(name);
  resolver_.query(
      name, [this, child = worker.child, id, evidence, proves](const auto& addresses, auto ttl) {
        WorkerHandle* asker = find_(child);
        if (asker != nullptr && asker->channel.valid())
          resolved(*asker, id, evidence, addresses, ttl, proves);
      });
}

void Broker::resolved(WorkerHandle& worker, std::uint64_t id, const Evidence& evidence,
                      const std::vector<IpAddress>& addresses, std::chrono::seconds ttl,
                      bool proves) {
  if (worker.mode == Mode::kTransparent) {
    const bool match = std::find(addresses.begin(), addresses.end(),
                                 evidence.destination.address) != addresses.end();
    if (match && proves && worker.proved.insert(evidence.cookie).second &&
        worker.proved.size() > kMaxProved)
      worker.proved.erase(worker.proved.begin());
    return answer(worker, id)
        .mutable_verified()
        ->set_result(addresses.empty() ? wire::Verified::UNKNOWN
                     : match           ? wire::Verified::MATCH
                                       : wire::Verified::MISMATCH);
  }
  const TimePoint now = Clock::now();
  wire::Resolved grants;
  Reason reason = wire::Refused::NAME;
  for (const IpAddress& address : interleave(addresses)) {
    const Reason verdict = judge_egress(address, now);
    if (verdict != wire::Refused::UNSPECIFIED) {
      reason = verdict;
      continue;
    }
    if (grants.grants_size() == static_cast<int>(kMaxGrantsPerAnswer)) break;
    if (worker.grants.size() >= kMaxGrants) worker.grants.erase(worker.grants.begin());
    worker.grants[++last_grant_] = {evidence.cookie, address, now + std::max(kShortestGrant, ttl)};
    auto* grant = grants.add_grants();
    grant->set_grant(last_grant_);
    grant->set_ipv6(address.family == AF_INET6);
  }
  if (grants.grants_size() == 0) return refuse(worker, id, reason, evidence, {});
  answer(worker, id).mutable_resolved()->Swap(&grants);
}

void Broker::connected(WorkerHandle& worker, std::uint64_t id, UniqueFd socket, int error) {
  wire::Reply& made = answer(worker, id);
  if (socket.valid()) {
    made.mutable_connected();
    worker.reply_fds.push_back(std::move(socket));
  } else {
    made.mutable_failed()->set_error(error);
  }
}

// An answer to be filled in, which leaves at the end of the turn. A worker that is gone by then
// never gets it.
wire::Reply& Broker::answer(WorkerHandle& worker, std::uint64_t id) {
  worker.outstanding.erase(id);
  if (worker.replies.replies().replies_size() == ipc::kMaxFds) send_replies(worker);
  auto& replies = *worker.replies.mutable_replies();
  if (replies.replies_size() == 0) unsent_.push_back(worker.child);
  wire::Reply& added = *replies.add_replies();
  added.set_id(id);
  return added;
}

void Broker::finish_turn() {
  connector_.finish_turn();
  for (const std::uint32_t child : std::exchange(unsent_, {})) {
    if (WorkerHandle* worker = find_(child); worker != nullptr) send_replies(*worker);
  }
}

void Broker::forget(WorkerHandle& worker) {
  connector_.forget(worker);
  forget_replies(worker);
}

void Broker::send_replies(WorkerHandle& worker) {
  auto& replies = *worker.replies.mutable_replies();
  if (!worker.channel.valid() || replies.replies_size() == 0) return forget_replies(worker);
  std::array<int, ipc::kMaxFds> fds;
  std::transform(worker.reply_fds.begin(), worker.reply_fds.end(), fds.begin(),
                 [](const UniqueFd& fd) { return fd.get(); });
  const std::span<const int> sockets(fds.data(), worker.reply_fds.size());
  auto sent = ipc::send_message(worker.channel.get(), worker.replies, sockets);
  if (sent == ipc::Send::kSent) counters_.connects += sockets.size();
  if (sent == ipc::Send::kExhausted && !sockets.empty()) {
    // The kernel has no room for descriptors on their way; that is not the worker's fault.
    for (wire::Reply& made : *replies.mutable_replies()) {
      if (made.has_connected()) made.mutable_failed()->set_error(ENOBUFS);
    }
    sent = ipc::send_message(worker.channel.get(), worker.replies);
  }
  forget_replies(worker);
  // An honest worker reads its answers in every turn, and has few requests under way: its queue
  // can't be full. Without memory for a short answer it could only hang.
  if (sent == ipc::Send::kFull || sent == ipc::Send::kExhausted) {
    violation_(worker, "it does not read its answers");
  }
}

// target: what was refused, for the log; without a port the client's own words are not worth a
// line.
void Broker::refuse(WorkerHandle& worker, std::uint64_t id, Reason reason, const Evidence& evidence,
                    const Endpoint& target) {
  ++counters_.refusals;
  const std::string_view why = describe(reason);
  if (!why.empty() && target.address.family != AF_UNSPEC) {
    log_.write(Level::kWarning, "refused " + to_string(evidence.client) + " to " +
                                    to_string(target) + ": " + std::string(why));
  }
  answer(worker, id).mutable_refused()->set_reason(reason);
}

}  // namespace gatehouse::privileged
