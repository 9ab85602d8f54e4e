// SPDX-License-Identifier: Apache-2.0
#include "worker/worker.h"

#include <algorithm>
#include <utility>

#include "worker/compiled.h"
#include "worker/policy_hook.h"

namespace gatehouse::worker {
namespace {

// After a turn with as many events the next one does not wait: under load it is likely to find
// something, and log records go out in larger writes.
constexpr int kBusyEvents = 2;
// Deadlines that one turn sees to, up to 50 us each, where a connection ends with its upstream and
// what their queues hold. What is ready comes before the rest.
constexpr std::size_t kDeadlinesPerTurn = 4;
// Descriptors that are not sessions': standard, channel, log, pages, sets, timers, pipes and
// listeners.
constexpr std::size_t kReservedDescriptors = 128;
constexpr std::uint64_t kExhaustedPauseMs = 500;
// To make room a turn looks at so many sessions, and closes none whose client may be about to ask.
constexpr int kLookedAtForRoom = 16;
constexpr std::uint32_t kIdleEnoughMs = 1000;

std::size_t session_limit(const wire::Config& config, std::size_t max_descriptors) {
  const std::size_t room =
      max_descriptors > kReservedDescriptors ? (max_descriptors - kReservedDescriptors) / 2 : 1;
  return std::max<std::size_t>(1, std::min<std::size_t>(config.limits().connections(), room));
}

// name: of a rule, empty if it chooses none.
bool knows_upstream(const wire::Config& config, std::string_view name) {
  const auto& all = config.upstreams();
  return name.empty() || std::any_of(all.begin(), all.end(),
                                     [&](const auto& upstream) { return upstream.name() == name; });
}

// From nine tenths of the limit on; a single one is never too many.
std::size_t crowd(std::size_t limit) { return std::max<std::size_t>(1, limit - (limit + 9) / 10); }

void append(SessionLink* list, SessionLink* session) {
  session->next = list;
  session->previous = list->previous;
  list->previous->next = session;
  list->previous = session;
}

void take_out(SessionLink* session) {
  session->next->previous = session->previous;
  session->previous->next = session->next;
}

// Of serialized, for a worker with this configuration; null where it is empty.
Result<std::unique_ptr<PolicyHook>> make_policy(const std::string& serialized,
                                                std::span<const std::byte> lists,
                                                const wire::Config& config,
                                                policy::LimitTable* limits) {
  if (serialized.empty()) return std::unique_ptr<PolicyHook>();
  auto engine = policy::Engine::make(serialized, lists::ListsView::open(lists));
  if (!engine) return engine.error();
  for (const policy::Rule& rule : (*engine)->rules()) {
    if (!knows_upstream(config, rule.source->upstream())) {
      return Error{0, "the policy names an upstream that the configuration does not have"};
    }
  }
  if ((*engine)->has_limits()) {
    if (limits == nullptr) return Error{EINVAL, "there is no table for the limits"};
    (*engine)->set_secret(limits->secret({}));
  }
  return std::make_unique<PolicyHook>(std::move(*engine));
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::make(WorkerParts parts) {
  auto poller = EpollPoller::make();
  if (!poller) return poller.error();
  auto pipes = PipePool::make();
  if (!pipes) return pipes.error();
  // Now, as there is no randomness for a confined worker.
  if (parts.limits != nullptr) parts.limits->secret({random_seed(), random_seed()});
  auto policy = make_policy(parts.config.policy(), parts.lists, parts.config, parts.limits);
  if (!policy) return policy.error();
  parts.config.clear_policy();  // its octets are not needed any more
  return std::unique_ptr<Worker>(
      new Worker(std::move(parts), std::move(*poller), std::move(*pipes), std::move(*policy)));
}

Worker::Worker(WorkerParts parts, EpollPoller poller, PipePool pipes,
               std::unique_ptr<PolicyHook> policy)
    : poller_(std::move(poller)),
      pipes_(std::move(pipes)),
      parent_(std::move(parts.channel), &poller_, this),
      log_(std::move(parts.log), &poller_, parts.metrics),
      workspace_(parts.config, &poller_, &parent_, &log_, &pipes_, parts.metrics, this),
      listeners_(&poller_, this),
      loop_(this),
      max_sessions_(session_limit(parts.config, parts.max_descriptors)),
      crowded_above_(crowd(max_sessions_)) {
  workspace_.rate_window_ms = parts.rate_window_ms;
  workspace_.policy = std::move(policy);
  workspace_.limits = parts.limits;
  if (parts.limits != nullptr) workspace_.limit_holds.use(&parts.limits->connections);
  if (parts.clients == nullptr) return;
  workspace_.clients.emplace(parts.clients);
  removals_seen_ = workspace_.clients->removals();
  give_table_to_policy();
}

void Worker::give_table_to_policy() {
  if (workspace_.policy == nullptr || !workspace_.clients) return;
  workspace_.policy->look_up_in(&*workspace_.clients);
}

Worker::~Worker() { drain_sessions(true); }

int Worker::run() {
  loop_.run();
  log_.flush(false);
  return exit_code_;
}

// One turn: events, then what they led to, each kind in one go.
bool Worker::turn(int timeout) {
  const int events = poller_.wait(timeout);
  workspace_.clock.refresh();
  end_removed();
  poller_.dispatch_events(events);
  run_yielded();
  if (overdue_) run_deadlines();
  const bool busy = events >= kBusyEvents || overdue_;
  finish_turn(busy);
  return !stopping_ && (busy || !yielded_.empty());
}

void Worker::run_deadlines() {
  overdue_ = workspace_.wheel.advance(workspace_.clock.now_ms(), kDeadlinesPerTurn);
}

bool Worker::tick() {
  workspace_.clock.refresh();
  const std::uint64_t now = workspace_.clock.now_ms();
  run_deadlines();
  workspace_.limit_holds.beat(workspace_.clock.now_us() * 1000);
  if (accept_again_ms_ != 0 && now >= accept_again_ms_) {
    accept_again_ms_ = 0;
    listeners_.resume();
  }
  if (drain_until_ms_ != 0 && now >= drain_until_ms_) drain_sessions(true);
  run_yielded();
  finish_turn(overdue_);
  return needs_tick();
}

// Something waits for the time to pass, or is forgotten by others without a word from here.
bool Worker::needs_tick() const {
  return workspace_.wheel.armed() > 0 || log_.waiting() > 0 || accept_again_ms_ != 0 ||
         workspace_.limit_holds.keys() > 0;
}

// Clients that were removed from the run-time table lose their connections, but not those that are
// accepted afterwards: so this comes first in a turn. After more removals than the table remembers
// it is those that it does not know.
void Worker::end_removed() {
  if (!workspace_.clients || workspace_.clients->removals() == removals_seen_) return;
  const clients::ClientsView& table = *workspace_.clients;
  const std::uint64_t count = table.removals();
  bool all_known = count - removals_seen_ < clients::kRemovals;
  std::vector<Network> removed;
  while (all_known && removals_seen_ != count) {
    const auto network = table.removal(++removals_seen_);
    all_known = network.has_value();
    if (network) removed.push_back(*network);
  }
  removals_seen_ = count;
  const auto now_ms = static_cast<std::int64_t>(Clock::wall_us() / 1000);
  for (SessionLink* link = list_.next; link != &list_;) {
    Session* session = static_cast<Session*>(link);
    link = link->next;
    const IpAddress& client = session->client();
    const bool ends = all_known ? std::any_of(removed.begin(), removed.end(),
                                              [&](const Network& n) { return n.contains(client); })
                                : !table.has_client(client, now_ms);
    if (ends) session->reset("client-removed");
  }
}

void Worker::finish_turn(bool busy) {
  make_room();
  parent_.flush();
  log_.flush(busy);
  if (needs_tick()) {
    loop_.need_tick();
  }
  stop_when_drained();
}

// Those that yield again have to wait for the next turn.
void Worker::run_yielded() {
  if (yielded_.empty()) return;
  std::vector<Session*> now;
  now.swap(yielded_);
  for (Session*& session : now) {
    if (session != nullptr) session->yielded = false;
  }
  for (Session* session : now) {
    if (session != nullptr) session->resume();
  }
}

void Worker::on_session_yields(Session* session) {
  if (std::exchange(session->yielded, true)) return;
  yielded_.push_back(session);
}

void Worker::on_session_idle(Session* session) {
  take_out(session);
  append(&list_, session);
}

// Near the limit those end that have been idle for the longest, before new clients have to wait.
void Worker::make_room() {
  for (int i = 0; i < kLookedAtForRoom; ++i) {
    if (sessions_.in_use() - making_room_ <= crowded_above_) return;
    Session* oldest = static_cast<Session*>(list_.next);
    const bool idle = oldest->phase() == Session::Phase::kIdle;
    if (idle && oldest->idle_ms() < kIdleEnoughMs) return;  // and so the others
    on_session_idle(oldest);  // to the end, as the one that becomes idle last
    if (!idle) continue;
    oldest->makes_room = true;
    ++making_room_;
    oldest->drain(false);
    if (room_events_.count(workspace_.clock.now_ms()) > 0) {
      log_.event(wire::EventRecord::WARNING,
                 "nine tenths of limits.connections (or of the descriptors for them) are in use; "
                 "the connections that have been idle for the longest are closed");
    }
  }
}

void Worker::on_session_over(Session* session) {
  if (session->yielded) std::replace(yielded_.begin(), yielded_.end(), session, (Session*)nullptr);
  take_out(session);
  if (session->makes_room) --making_room_;
  sessions_.destroy(session);
  workspace_.metrics->open_clients.store(sessions_.in_use(), std::memory_order_relaxed);
  // Some room first: at the limit each end of a session would otherwise cost two system calls.
  if (listeners_.paused() && accept_again_ms_ == 0 &&
      sessions_.in_use() <= max_sessions_ - (max_sessions_ + 15) / 16) {
    listeners_.resume();
  }
}

bool Worker::may_accept() { return sessions_.in_use() < max_sessions_; }

void Worker::on_accepted(UniqueFd client, const SocketAddress& from, std::uint32_t service) {
  MetricsPage::add(workspace_.metrics->accepted);
  Session* session = sessions_.make(&workspace_);
  append(&list_, session);
  workspace_.metrics->open_clients.store(sessions_.in_use(), std::memory_order_relaxed);
  session->start(std::move(client), from, service);
}

void Worker::on_exhausted() {
  accept_again_ms_ = workspace_.clock.now_ms() + kExhaustedPauseMs;
  log_.event(wire::EventRecord::WARNING,
             "no descriptor or memory for another client connection; accepting pauses for half a "
             "second (raise the limit of open files, or lower limits.connections)");
}

void Worker::on_arm(std::uint32_t listener, std::uint32_t service, UniqueFd fd) {
  if (service >= workspace_.services.size()) return on_parent_gone();
  if (!workspace_.draining) listeners_.arm(listener, service, std::move(fd));
}

void Worker::on_disarm(std::uint32_t listener) { listeners_.disarm(listener); }

void Worker::on_drain(std::uint32_t within_ms, bool keep_idle) {
  workspace_.draining = true;
  listeners_.close_all();
  drain_until_ms_ = workspace_.clock.now_ms() + within_ms + 1;
  workspace_.closing_idle = !keep_idle;
  if (!keep_idle) drain_sessions(false);
}

// Who can't be decided about by it is not decided about: idle connections close.
void Worker::on_new_policy(UniqueFd config, UniqueFd lists) {
  auto read = read_config(std::move(config));
  const auto mapped = map_lists(std::move(lists));
  if (read && mapped) {
    if (auto policy = make_policy(read->policy(), *mapped, workspace_.config, workspace_.limits)) {
      old_policies_.push_back(std::exchange(workspace_.policy, std::move(*policy)));
      give_table_to_policy();
      return;
    }
  }
  log_.event(wire::EventRecord::ERROR,
             "the new policy can't be taken by connections that were there before; those that are "
             "idle are "
             "closed");
  workspace_.closing_idle = true;
  drain_sessions(false);
}

void Worker::drain_sessions(bool now) {
  for (SessionLink* link = list_.next; link != &list_;) {
    Session* session = static_cast<Session*>(link);
    link = link->next;
    session->drain(now);
  }
}

void Worker::stop_when_drained() {
  if (!workspace_.draining || stopping_ || sessions_.in_use() != 0) return;
  stopping_ = true;
  workspace_.host_checks.settle_all();
  log_.flush(false);
  parent_.say_drained();
  loop_.stop();
}

void Worker::on_parent_gone() {
  stopping_ = true;
  exit_code_ = kParentGone;
  loop_.stop();
}

}  // namespace gatehouse::worker
