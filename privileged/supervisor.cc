// SPDX-License-Identifier: Apache-2.0
#include "privileged/supervisor.h"

#include <signal.h>
#include <sys/socket.h>

#include <algorithm>

#include "ipc/codec.h"
#include "privileged/attest.h"

namespace gatehouse::privileged {
namespace {

constexpr auto kReloadDrain = std::chrono::hours(1);  // of the workers of an older configuration
constexpr auto kBegunTime = std::chrono::seconds(3);  // for exchanges that look for their server
constexpr auto kKillAgain = std::chrono::seconds(1);
constexpr auto kDrainGrace = std::chrono::milliseconds(500);  // its own end comes first
constexpr int kMessagesPerTurn = 8;                           // of one worker, then the others
constexpr const char* kModeNames[kModes] = {"transparent", "forward", "reverse"};
constexpr const char* kPhaseNames[] = {"starting", "serving", "draining", "ended"};

bool decode(std::string_view bytes, wire::FromWorker* message) {
  const auto known = [](const wire::Request& request) {
    const wire::Connect& connect = request.connect();
    return ipc::all_known(request, connect, connect.client_destination(), connect.forward_grant(),
                          connect.configured_endpoint(), request.resolve());
  };
  if (!ipc::decode(bytes, message)) return false;
  const auto& requests = message->requests().requests();
  return ipc::all_known(message->ready(), message->drained(), message->requests()) &&
         std::all_of(requests.begin(), requests.end(), known);
}

}  // namespace

Supervisor::Supervisor(Needs needs)
    : needs_(std::move(needs)),
      broker_(
          needs_.loop, needs_.log, needs_.resolver, Floor(needs_.lifted),
          [this](WorkerHandle& worker, std::string_view why) { violation(worker, why); },
          [this](std::uint32_t child) { return find(child); }) {}

Status Supervisor::apply(LoadedConfig config) {
  if (auto status = check_endpoints(config.settings); !status) return status;
  if (auto status = make_slots(config.settings); !status) return status;
  if (auto status = open_listeners(config.settings, &listeners_); !status) return status;
  config_ = std::move(config);
  generation_ = std::make_shared<const Settings>(config_.settings);
  broker_.configure(&config_.settings, netns_cookie(listeners_.front().socket.get()));
  needs_.logger.configure(config_.memfd.get());
  needs_.resolver.configure(config_.settings.resolvers, config_.memfd.get());
  for (const auto& [child, worker] : workers_) {
    if (worker->phase == Phase::kDraining) renew_policy(*worker);
  }
  std::array<unsigned, kModes> count{};
  for (Slot& slot : slots_) {
    slot.wanted = config_.settings.uses(slot.mode) &&
                  count[static_cast<unsigned>(slot.mode)]++ < config_.settings.workers;
    if (slot.wanted) {
      slot.start_at = Clock::now();
    } else if (WorkerHandle* worker = find(slot.serving)) {
      begin_drain(*worker, true);
    }
  }
  announced_ = false;
  expire(Clock::now());
  deal();
  return ok();
}

Status Supervisor::check_endpoints(const Settings& settings) const {
  const Floor floor(needs_.lifted);
  std::vector<Endpoint> all = settings.resolvers;
  for (const auto& [id, server] : settings.servers) all.push_back(server.endpoint);
  for (const Endpoint& endpoint : all) {
    if (!floor.forbids_endpoint(endpoint)) continue;
    return Error{EPERM, "the floor forbids " + to_string(endpoint) +
                            "; start gatehoused with --allow-endpoint " + to_string(endpoint)};
  }
  return ok();
}

void Supervisor::child_exited(const wire::Exited& exited) {
  const std::uint32_t child = exited.child();
  if (canary_exited(exited) || find(child) == nullptr) return;
  on_channel(child);  // its last words come first
  WorkerHandle* worker = find(child);
  const unsigned slot = worker->slot;
  const TimePoint since = worker->since;
  if (!worker->explained) {
    const bool broke_filter = exited.killed() && exited.status() == SIGSYS;
    if (broke_filter) ++violations_;
    needs_.log.write(broke_filter ? Level::kSecurity : Level::kError,
                     "worker " + std::to_string(slot) + " (pid " + std::to_string(worker->pid) +
                         ") ended by " + (broke_filter ? "its seccomp filter" : ending(exited)));
  }
  end(*worker);
  needs_.logger.forget_worker(child);
  workers_.erase(child);
  Slot& s = slots_[slot];
  const bool mattered = s.serving == child || s.starting == child;
  if (s.serving == child) s.serving = 0;
  if (s.starting == child) s.starting = 0;
  if (mattered && s.starting == 0 && s.canaries.empty()) slot_failed(slot, since);
  deal();
  expire(Clock::now());
}

void Supervisor::on_channel(std::uint32_t child) {
  ipc::Message message;
  for (int i = 0; i < kMessagesPerTurn; ++i) {
    WorkerHandle* worker = find(child);
    if (worker == nullptr || !worker->channel.valid()) return;
    switch (ipc::receive(worker->channel.get(), &message, ipc::kMaxFds)) {
      case ipc::Receive::kEmpty:
        return;
      case ipc::Receive::kClosed:
        return end(*worker);  // Exited says why
      case ipc::Receive::kViolation:
        return violation(*worker, "a malformed datagram");
      case ipc::Receive::kMessage:
        break;
    }
    if (!handle(*worker, message)) return;
  }
}

bool Supervisor::handle(WorkerHandle& worker, ipc::Message& message) {
  wire::FromWorker said;
  const auto wrong = [&](std::string_view why) {
    violation(worker, why);
    return false;
  };
  if (!decode(message.bytes(), &said)) return wrong("a malformed message");
  switch (said.body_case()) {
    case wire::FromWorker::kReady:
      if (worker.phase != Phase::kInit || message.fd_count != 0) return wrong("Ready out of turn");
      on_ready(worker, message.sender);
      break;
    case wire::FromWorker::kRequests:
      if (worker.phase == Phase::kInit) return wrong("a request before it is armed");
      return handle(worker, said.requests(), message);
    case wire::FromWorker::kDrained:
      if (worker.phase != Phase::kDraining || message.fd_count != 0)
        return wrong("Drained out of turn");
      worker.explained = true;
      break;
    case wire::FromWorker::BODY_NOT_SET:
      return wrong("an empty message");
  }
  return worker.phase != Phase::kDead;
}

// Each request as if it had come alone.
bool Supervisor::handle(WorkerHandle& worker, const wire::Requests& requests,
                        ipc::Message& message) {
  const auto count = static_cast<std::size_t>(requests.requests_size());
  if (count == 0 || message.fd_count != count) {
    violation(worker, "requests without one descriptor each");
    return false;
  }
  for (std::size_t i = 0; i < count && worker.phase != Phase::kDead; ++i)
    broker_.handle(worker, requests.requests(static_cast<int>(i)), std::move(message.fds[i]));
  return worker.phase != Phase::kDead;
}

void Supervisor::on_ready(WorkerHandle& worker, pid_t pid) {
  worker.pid = pid;
  const auto& promised = privileges(Role::kWorker);
  if (auto status = attest(needs_.proc, pid, promised, needs_.worker_uid, needs_.inherited_filters);
      !status) {
    unprovable_ = true;
    return violation(worker, "not confined as promised: " + status.error().what);
  }
  const int off = 0;
  setsockopt(worker.channel.get(), SOL_SOCKET, SO_PASSCRED, &off, sizeof off);
  Slot& slot = slots_[worker.slot];
  worker.phase = Phase::kArmed;
  WorkerHandle* old = find(slot.serving);
  slot.serving = worker.child;
  slot.starting = 0;
  if (old != nullptr) begin_drain(*old, true);
  deal();
  if (!announced_ && ready()) {
    announced_ = true;
    const auto workers =
        std::count_if(slots_.begin(), slots_.end(), [](const Slot& each) { return each.wanted; });
    std::string text = "ready: " + std::to_string(workers) + " workers, listening on";
    for (const auto& listener : config_.settings.listeners)
      text += " " + to_string(listener.endpoint);
    needs_.log.write(Level::kInfo, text);
  }
}

void Supervisor::violation(WorkerHandle& worker, std::string_view why) {
  if (worker.phase == Phase::kDead) return;
  ++violations_;
  needs_.log.write(Level::kSecurity, "worker " + std::to_string(worker.slot) + " (pid " +
                                         std::to_string(worker.pid) +
                                         ") is ended: " + std::string(why));
  worker.explained = true;
  end(worker);
}

// Takes everything from a worker at once; its process is killed, and Exited removes the handle.
void Supervisor::end(WorkerHandle& worker) {
  if (worker.phase == Phase::kDead) return;
  worker.phase = Phase::kDead;
  worker.deadline = Clock::now() + kKillAgain;
  broker_.forget(worker);
  needs_.loop.remove(worker.channel.get());
  worker.channel.reset();
  for (Listener& listener : listeners_) {
    if (listener.holder == worker.child) listener.holder = 0;
  }
  kill(worker.child);
}

void Supervisor::begin_drain(WorkerHandle& worker, bool keep_idle) {
  const bool sooner = worker.phase == Phase::kDraining && !keep_idle;
  if (worker.phase != Phase::kArmed && !sooner) return;
  worker.phase = Phase::kDraining;
  const std::chrono::milliseconds within =
      keep_idle ? kReloadDrain : config_.settings.drain_timeout;
  worker.deadline = Clock::now() + within + kDrainGrace;
  for (Listener& listener : listeners_) {
    if (listener.holder == worker.child) listener.holder = 0;
  }
  wire::ToWorker message;
  message.mutable_drain()->set_within_ms(static_cast<std::uint32_t>(within.count()));
  message.mutable_drain()->set_keep_idle(keep_idle);
  if (ipc::send_message(worker.channel.get(), message) == ipc::Send::kFull) {
    return violation(worker, "it does not read its messages");
  }
  if (keep_idle) renew_policy(worker);
}

// What a draining worker is still asked is decided by the present policy.
void Supervisor::renew_policy(WorkerHandle& worker) {
  worker.policy_before = std::exchange(worker.policy, generation_);
  worker.policy_before_until = Clock::now() + kBegunTime;
  wire::ToWorker message;
  message.mutable_new_policy();
  const int fds[] = {config_.memfd.get(), config_.lists.get()};
  const auto sent = ipc::send_message(worker.channel.get(), message, fds);
  if (sent == ipc::Send::kFull || sent == ipc::Send::kExhausted) {
    violation(worker, "it does not take the new policy");
  }
}

// A worker whose queue is full will look anyway: it does in every turn.
void Supervisor::end_connections() {
  wire::ToWorker message;
  message.mutable_end_connections();
  for (const auto& [child, worker] : workers_) {
    if (worker->channel.valid() && worker->phase != Phase::kInit)
      ipc::send_message(worker->channel.get(), message);
  }
}

void Supervisor::drain() {
  draining_ = true;
  std::vector<WorkerHandle*> all;
  for (auto& [child, worker] : workers_) all.push_back(worker.get());
  for (WorkerHandle* worker : all) {
    worker->explained = worker->phase == Phase::kInit;
    if (worker->explained) end(*worker);
    begin_drain(*worker, false);
  }
  listeners_.clear();
  for (Slot& slot : slots_) slot.start_at = TimePoint::max();
}

void Supervisor::abandon() {
  draining_ = true;
  for (auto& [child, worker] : workers_) {
    worker->explained = true;
    end(*worker);
  }
}

TimePoint Supervisor::next_deadline() const {
  TimePoint next = std::min(broker_.next_deadline(), deal_at_);
  for (const Slot& slot : slots_) next = std::min({next, slot.start_at, slot.prove_by});
  for (const auto& [child, worker] : workers_) {
    if (worker->phase != Phase::kArmed) next = std::min(next, worker->deadline);
  }
  return next;
}

void Supervisor::expire(TimePoint now) {
  broker_.expire(now);
  if (deal_at_ <= now) {
    deal_at_ = TimePoint::max();
    deal();
  }
  std::vector<WorkerHandle*> late;
  for (auto& [child, worker] : workers_) {
    if (worker->phase == Phase::kArmed || worker->deadline > now) continue;
    late.push_back(worker.get());
  }
  for (WorkerHandle* worker : late) {
    if (worker->phase == Phase::kDead) {  // the first order may not have reached the spawner
      worker->deadline = now + kKillAgain;
      kill(worker->child);
      continue;
    }
    needs_.log.write(Level::kWarning,
                     "worker " + std::to_string(worker->slot) +
                         (worker->phase == Phase::kInit ? " did not start in time"
                                                        : " did not finish draining in time"));
    worker->explained = true;
    end(*worker);
  }
  expire_slots(now);
}

WorkerHandle* Supervisor::find(std::uint32_t child) {
  const auto found = workers_.find(child);
  return found == workers_.end() ? nullptr : found->second.get();
}

void Supervisor::describe(wire::StatusReply* reply) const {
  for (const auto& [child, worker] : workers_) {
    auto* process = reply->add_processes();
    process->set_role(static_cast<unsigned>(Role::kWorker));
    process->set_slot(worker->slot);
    process->set_mode(kModeNames[static_cast<unsigned>(worker->mode)]);
    process->set_pid(worker->pid);
    process->set_phase(kPhaseNames[static_cast<unsigned>(worker->phase)]);
    process->set_listeners(static_cast<std::uint32_t>(
        std::count_if(listeners_.begin(), listeners_.end(),
                      [id = child](const Listener& listener) { return listener.holder == id; })));
  }
  reply->set_connects(broker_.counters().connects);
  reply->set_refusals(broker_.counters().refusals);
  reply->set_violations(violations_);
  reply->set_restarts(restarts_);
  reply->set_inherited_filters(needs_.inherited_filters);
}

}  // namespace gatehouse::privileged
