// SPDX-License-Identifier: Apache-2.0
#include "privileged/broker.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>

#include "ipc/codec.h"

namespace gatehouse::privileged {
namespace {

bool set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// Refusals that a client can cause at will are not worth a line each.
bool worth_a_line(wire::Refused::Reason reason) {
  return reason == wire::Refused::FLOOR || reason == wire::Refused::LOCAL ||
         reason == wire::Refused::CLIENT || reason == wire::Refused::PORT;
}

std::string_view describe(wire::Refused::Reason reason) {
  switch (reason) {
    case wire::Refused::FLOOR:
      return "the floor forbids this destination";
    case wire::Refused::LOCAL:
      return "the destination is an address of this host, a loop";
    case wire::Refused::CLIENT:
      return "the client is in none of the networks of [gateway] clients";
    case wire::Refused::PORT:
      return "the port is in no listener's intercept.ports";
    default:
      return "refused";
  }
}

}  // namespace

void Broker::configure(const Settings* settings, std::uint64_t own_netns) {
  settings_ = settings;
  own_netns_ = own_netns;
}

void Broker::handle(WorkerHandle& worker, const wire::FromWorker& request, ipc::Message& message) {
  const bool connects = request.has_connect();
  if (message.fd_count != 1) return violation_(worker, "a request without its one descriptor");
  if (connects && !request.connect().has_client_destination()) {
    return violation_(worker, "a Connect without a destination");
  }
  if (worker.outstanding.size() >= kMaxOutstanding) {
    return violation_(worker, "too many requests at once");
  }
  if (!worker.outstanding.insert(request.id()).second) {
    return violation_(worker, "a request id in use");
  }
  UniqueFd client = std::move(message.fds[0]);
  if (connects) {
    connect(worker, request.id(), std::move(client));
  } else {
    reset(worker, request.id(), std::move(client));
  }
}

bool Broker::examine_or_end(WorkerHandle& worker, int fd, Evidence* evidence, bool* gone) {
  std::string_view why;
  switch (examine(fd, own_netns_, evidence, &why)) {
    case EvidenceVerdict::kForged:
      violation_(worker, "forged evidence: " + std::string(why));
      return false;
    case EvidenceVerdict::kGone:
      *gone = true;
      return true;
    case EvidenceVerdict::kValid:
      *gone = false;
      return true;
  }
  return false;
}

void Broker::connect(WorkerHandle& worker, std::uint64_t id, UniqueFd client) {
  Evidence evidence;
  bool gone = false;
  if (!examine_or_end(worker, client.get(), &evidence, &gone)) return;
  if (gone) return refuse(worker, id, wire::Refused::CLIENT_GONE, nullptr);
  const TimePoint now = Clock::now();
  const auto reason = judge(worker, evidence, now);
  if (reason != wire::Refused::UNSPECIFIED) return refuse(worker, id, reason, &evidence);

  const SocketAddress target = to_socket_address(evidence.destination);
  auto socket = begin(evidence, target);
  if (!socket) return fail(worker, id, socket.error().number);
  auto pending = std::make_unique<Pending>();
  pending->worker = &worker;
  pending->id = id;
  pending->socket = std::move(*socket);
  pending->target = target;
  pending->evidence = evidence;
  pending->deadline = now + settings_->connect_timeout;
  next_deadline_ = std::min(next_deadline_, pending->deadline);
  const int fd = pending->socket.get();
  pending_[fd] = std::move(pending);
  begun_.push_back(fd);
}

wire::Refused::Reason Broker::judge(WorkerHandle& worker, const Evidence& evidence, TimePoint now) {
  if (!settings_->intercepts(evidence.destination.port)) return wire::Refused::PORT;
  if (!settings_->serves(evidence.client.address)) return wire::Refused::CLIENT;
  switch (floor_.judge(evidence.destination.address, now)) {
    case Floor::Verdict::kDenied:
      return wire::Refused::FLOOR;
    case Floor::Verdict::kLocal:
      return wire::Refused::LOCAL;
    case Floor::Verdict::kAllowed:
      break;
  }
  if (!take_token(worker, evidence.cookie, now)) return wire::Refused::QUOTA;
  return wire::Refused::UNSPECIFIED;
}

bool Broker::take_token(WorkerHandle& worker, std::uint64_t cookie, TimePoint now) {
  Bucket& bucket = worker.buckets[cookie % worker.buckets.size()];
  const double burst = settings_->quota_burst;
  if (bucket.cookie != cookie) {
    bucket = {cookie, burst, now};
  } else {
    const std::chrono::duration<double> passed = now - bucket.filled;
    bucket.tokens = std::min(burst, bucket.tokens + passed.count() * settings_->quota_per_second);
    bucket.filled = now;
  }
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

// Makes, taints, binds and begins to connect; the socket is not connected yet.
Result<UniqueFd> Broker::begin(const Evidence& evidence, const SocketAddress& target) const {
  const bool v4 = evidence.destination.address.family == AF_INET;
  UniqueFd fd(
      socket(evidence.destination.address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_error("making an upstream socket");
  const int s = fd.get();
  const linger reset_on_close{1, 0};
  bool done = set(s, SOL_SOCKET, SO_LOCK_FILTER, 1) && set(s, SOL_TCP, TCP_NODELAY, 1) &&
              setsockopt(s, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close) == 0;
  if (done && settings_->keep_source) {
    const SocketAddress source = to_socket_address({evidence.client.address, 0});
    done = (v4 ? set(s, SOL_IP, IP_TRANSPARENT, 1) : set(s, SOL_IPV6, IPV6_TRANSPARENT, 1)) &&
           set(s, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1) && bind(s, source.get(), source.length) == 0;
  }
  if (!done) return errno_error("preparing an upstream socket");
  if (::connect(s, target.get(), target.length) != 0 && errno != EINPROGRESS) {
    return errno_error("connecting upstream");
  }
  return fd;
}

void Broker::finish_turn() {
  // Answers can end workers, which forgets pendings, but never begins one.
  const std::vector<int> begun = std::move(begun_);
  begun_.clear();
  for (const int fd : begun) {
    const auto found = pending_.find(fd);
    if (found == pending_.end()) continue;
    if (confirm(*found->second, false)) {
      pending_.erase(fd);
      continue;
    }
    Pending* pending = found->second.get();
    const Status watched = loop_.add(fd, EPOLLOUT, [this, fd, pending](std::uint32_t) {
      if (confirm(*pending, true)) {
        if (pending_.count(fd) != 0) loop_.remove(fd);
        pending_.erase(fd);
      }
    });
    if (!watched) {
      fail(*pending->worker, pending->id, watched.error().number);
      pending_.erase(fd);
      continue;
    }
    pending->watched = true;
  }
}

bool Broker::confirm(Pending& pending, bool writable) {
  const int fd = pending.socket.get();
  int error = 0;
  if (writable) {
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  }
  // The second connect(2): only when it says 0 does the kernel hold the socket as connected for
  // good, so that no MSG_FASTOPEN of its holder can send it elsewhere.
  if (error == 0 && ::connect(fd, pending.target.get(), pending.target.length) != 0) {
    if (errno == EALREADY || errno == EINPROGRESS) return false;
    error = errno;
  }
  if (error != 0) {
    fail(*pending.worker, pending.id, error);
    return true;
  }
  ++counters_.connects;
  pending.worker->outstanding.erase(pending.id);
  wire::ToWorker message;
  message.set_id(pending.id);
  message.mutable_connected();
  answer(*pending.worker, message, fd);
  return true;
}

void Broker::reset(WorkerHandle& worker, std::uint64_t id, UniqueFd client) {
  Evidence evidence;
  bool gone = false;
  if (!examine_or_end(worker, client.get(), &evidence, &gone)) return;
  if (!gone) {
    const linger reset_on_close{1, 0};
    setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
  }
  client.reset();
  worker.outstanding.erase(id);
  wire::ToWorker message;
  message.set_id(id);
  message.mutable_reset_done();
  answer(worker, message);
}

void Broker::answer(WorkerHandle& worker, const wire::ToWorker& message, int fd) {
  if (!worker.channel.valid()) return;
  const auto fds = fd >= 0 ? std::span<const int>(&fd, 1) : std::span<const int>();
  // An honest worker reads its answers in every turn, and has few requests under way: its queue
  // can't be full.
  if (ipc::send_message(worker.channel.get(), message, fds) == ipc::Send::kFull) {
    violation_(worker, "it does not read its answers");
  }
}

void Broker::refuse(WorkerHandle& worker, std::uint64_t id, wire::Refused::Reason reason,
                    const Evidence* evidence) {
  ++counters_.refusals;
  if (evidence != nullptr && worth_a_line(reason)) {
    log_.write(Level::kWarning, "refused " + to_string(evidence->client) + " to " +
                                    to_string(evidence->destination) + ": " +
                                    std::string(describe(reason)));
  }
  worker.outstanding.erase(id);
  wire::ToWorker message;
  message.set_id(id);
  message.mutable_refused()->set_reason(reason);
  answer(worker, message);
}

void Broker::fail(WorkerHandle& worker, std::uint64_t id, int error) {
  ++counters_.failures;
  worker.outstanding.erase(id);
  wire::ToWorker message;
  message.set_id(id);
  message.mutable_failed()->set_error(error);
  answer(worker, message);
}

void Broker::forget(WorkerHandle& worker) {
  for (auto i = pending_.begin(); i != pending_.end();) {
    if (i->second->worker != &worker) {
      ++i;
      continue;
    }
    if (i->second->watched) loop_.remove(i->first);
    i = pending_.erase(i);
  }
}

void Broker::expire(TimePoint now) {
  next_deadline_ = TimePoint::max();
  std::vector<int> late;
  for (const auto& [fd, pending] : pending_) {
    if (pending->deadline <= now) {
      late.push_back(fd);
    } else {
      next_deadline_ = std::min(next_deadline_, pending->deadline);
    }
  }
  for (const int fd : late) {
    const auto found = pending_.find(fd);
    if (found == pending_.end()) continue;  // its worker has just been ended
    const std::unique_ptr<Pending> pending = std::move(found->second);
    if (pending->watched) loop_.remove(fd);
    pending_.erase(found);
    fail(*pending->worker, pending->id, ETIMEDOUT);
  }
}

}  // namespace gatehouse::privileged
