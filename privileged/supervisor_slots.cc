// SPDX-License-Identifier: Apache-2.0
// A slot of a worker: proving that confinement holds, starting, trying again.
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/metrics_page.h"
#include "base/privileges.h"
#include "ipc/channel.h"
#include "ipc/sealed_memfd.h"
#include "privileged/supervisor.h"

namespace gatehouse::privileged {
namespace {

constexpr auto kStartTime = std::chrono::seconds(10);  // from exec to Ready
constexpr auto kStable = std::chrono::seconds(60);     // after it a crash is no crash loop
constexpr auto kFirstBackoff = std::chrono::milliseconds(500);
constexpr auto kLastBackoff = std::chrono::milliseconds(60'000);
constexpr unsigned kCanaries = 2;

// Memory that workers write to and nobody can resize.
Result<UniqueFd> make_shared(const char* name, std::size_t size) {
  auto memfd = ipc::make_memfd(name, size);
  if (!memfd) return memfd.error();
  if (auto status = ipc::seal(memfd->get(), false); !status) return status.error();
  return memfd;
}

}  // namespace

// As many slots for each mode in use as workers are configured; slots are never removed.
Status Supervisor::make_slots(const Settings& settings) {
  if (!limits_.valid()) {
    auto table = make_shared("gatehouse-limits", kLimitsSize);
    if (!table) return table.error();
    limits_ = std::move(*table);
  }
  for (unsigned number = 0; number < kModes; ++number) {
    const Mode mode = static_cast<Mode>(number);
    if (!settings.uses(mode)) continue;
    auto have = std::count_if(slots_.begin(), slots_.end(),
                              [&](const Slot& slot) { return slot.mode == mode; });
    for (; have < static_cast<long>(settings.workers); ++have) {
      auto page = make_shared("gatehouse-metrics", kMetricsPageSize);
      if (!page) return page.error();
      slots_.emplace_back();
      slots_.back().mode = mode;
      slots_.back().metrics = std::move(*page);
    }
  }
  return ok();
}

// First two processes that confine themselves exactly like a worker and then do what the outer and
// the inner filter must each kill them for.
void Supervisor::prove(unsigned slot) {
  Slot& s = slots_[slot];
  s.start_at = TimePoint::max();
  if (WorkerHandle* old = find(s.starting)) end(*old);
  s.starting = 0;
  drop_canaries(s);
  s.prove_by = Clock::now() + kStartTime;
  for (unsigned canary = 1; canary <= kCanaries; ++canary) {
    auto pair = ipc::make_pair();
    int ends[2];
    if (!pair || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return slot_failed(slot, Clock::now());
    UniqueFd read_end(ends[0]);
    const UniqueFd write_end(ends[1]);
    const std::uint32_t child = ++last_child_;
    if (!spawn(s, child, canary, pair->theirs.get(), write_end.get()))
      return slot_failed(slot, Clock::now());
    s.canaries[child] = std::move(read_end);
  }
}

// Both died in their attempt: the filters are what they should be, and the worker can come.
bool Supervisor::canary_exited(const wire::Exited& exited) {
  const std::uint32_t child = exited.child();
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) {
    return slot.canaries.count(child) != 0;
  });
  if (found == slots_.end()) return false;
  const auto slot = static_cast<unsigned>(found - slots_.begin());
  const UniqueFd log_pipe = std::move(found->canaries.extract(child).mapped());
  char reached = 0;
  const bool attempted = read(log_pipe.get(), &reached, 1) == 1;
  if (!exited.killed() || exited.status() != SIGSYS || !attempted) {
    needs_.log.write(Level::kSecurity, "a canary of worker " + std::to_string(slot) +
                                           (attempted ? " was not killed by its filter"
                                                      : " did not reach its attempt") +
                                           " (" + ending(exited) + "); no worker is started");
    unprovable_ = true;
    drop_canaries(*found);
    slot_failed(slot, Clock::now());
  } else if (found->canaries.empty()) {
    found->prove_by = TimePoint::max();
    if (found->wanted && !draining_) start(slot);
  }
  return true;
}

// Those under way prove nothing any more: their end is nobody's business.
void Supervisor::drop_canaries(Slot& slot) {
  for (const auto& [child, log_pipe] : slot.canaries) kill(child);
  slot.canaries.clear();
  slot.prove_by = TimePoint::max();
}

void Supervisor::start(unsigned slot) {
  auto worker = std::make_unique<WorkerHandle>();
  worker->child = ++last_child_;
  worker->slot = slot;
  worker->mode = slots_[slot].mode;
  worker->started_with = worker->policy = generation_;
  worker->since = Clock::now();
  worker->deadline = worker->since + kStartTime;
  auto pair = ipc::make_pair();
  auto log_pipe = needs_.logger.make_pipe(worker->child, slot);
  if (!pair || !log_pipe) return slot_failed(slot, worker->since);
  const int on = 1;
  setsockopt(pair->ours.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  const std::uint32_t child = worker->child;
  if (!spawn(slots_[slot], child, 0, pair->theirs.get(), log_pipe->get()) ||
      !needs_.loop.add(pair->ours.get(), EPOLLIN,
                       [this, child](std::uint32_t) { on_channel(child); })) {
    needs_.logger.forget_worker(child);
    return slot_failed(slot, worker->since);
  }
  worker->channel = std::move(pair->ours);
  slots_[slot].starting = child;
  workers_[child] = std::move(worker);
}

bool Supervisor::spawn(const Slot& slot, std::uint32_t child, unsigned canary, int channel,
                       int log_pipe) {
  const int fds[] = {
      channel,       log_pipe,      slot.metrics.get(), config_.memfd.get(), config_.lists.get(),
      limits_.get(), needs_.clients};
  return spawn_child(needs_.spawner, child, fds, canary);
}

// The slot has no worker to come: try again, later each time it dies young.
void Supervisor::slot_failed(unsigned slot, TimePoint since) {
  Slot& s = slots_[slot];
  if (!s.wanted || draining_) return;
  const TimePoint now = Clock::now();
  if (now - since > kStable) s.backoff = std::chrono::milliseconds(0);
  s.start_at = now + s.backoff;
  s.backoff = std::clamp(s.backoff * 2, std::chrono::milliseconds(kFirstBackoff), kLastBackoff);
  ++restarts_;
}

void Supervisor::expire_slots(TimePoint now) {
  for (unsigned slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].prove_by <= now) {
      needs_.log.write(Level::kError,
                       "a canary of worker " + std::to_string(slot) + " did not end in time");
      drop_canaries(slots_[slot]);
      slot_failed(slot, now);
    }
    if (slots_[slot].start_at <= now) prove(slot);
  }
}

bool Supervisor::ready() const {
  return !slots_.empty() && std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
    return !slot.wanted || (slot.serving != 0 && slot.starting == 0 && slot.canaries.empty());
  });
}

bool Supervisor::empty() const {
  return workers_.empty() && std::all_of(slots_.begin(), slots_.end(),
                                         [](const Slot& slot) { return slot.canaries.empty(); });
}

}  // namespace gatehouse::privileged
