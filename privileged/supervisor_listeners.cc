// SPDX-License-Identifier: Apache-2.0
// Which worker accepts from which listener.
#include <algorithm>

#include "ipc/codec.h"
#include "privileged/supervisor.h"

namespace gatehouse::privileged {
namespace {

constexpr auto kDealAgain = std::chrono::milliseconds(5);
constexpr auto kFullTime = std::chrono::seconds(5);  // an honest worker has read by then

// A worker of an older configuration knows neither listeners that were added nor other numbers.
bool knows(const WorkerHandle& worker, const Listener& listener) {
  const auto& all = worker.started_with->listeners;
  return listener.service < all.size() && all[listener.service].endpoint == listener.endpoint &&
         all[listener.service].mode == worker.mode;
}

}  // namespace

// Every listener has a holder as long as one worker is armed, as evenly as possible, moving as few
// as possible. A worker that gives one up closes its copy; the queue goes on to the next holder.
void Supervisor::deal() {
  for (unsigned mode = 0; mode < kModes; ++mode) deal(static_cast<Mode>(mode));
}

void Supervisor::deal(Mode mode) {
  std::vector<WorkerHandle*> all;
  for (const Slot& slot : slots_) {
    WorkerHandle* worker = slot.wanted && slot.mode == mode ? find(slot.serving) : nullptr;
    if (worker != nullptr && worker->phase == Phase::kArmed) all.push_back(worker);
  }
  // Listeners of each address are dealt on their own, so that every worker serves every address.
  for (std::size_t first = 0, last = 0; first < listeners_.size(); first = last) {
    while (last < listeners_.size() && listeners_[last].endpoint == listeners_[first].endpoint) {
      ++last;
    }
    if (config_.settings.listeners[listeners_[first].service].mode != mode) continue;
    std::vector<WorkerHandle*> armed;
    std::copy_if(all.begin(), all.end(), std::back_inserter(armed),
                 [&](auto* worker) { return knows(*worker, listeners_[first]); });
    if (armed.empty()) continue;
    const std::size_t fair = (last - first + armed.size() - 1) / armed.size();
    std::unordered_map<std::uint32_t, std::size_t> held;
    std::vector<Listener*> moving;
    for (std::size_t i = first; i < last; ++i) {
      Listener& listener = listeners_[i];
      if (listener.holder == 0 || ++held[listener.holder] > fair) moving.push_back(&listener);
    }
    for (Listener* listener : moving) {
      const auto least = std::min_element(armed.begin(), armed.end(), [&](auto* a, auto* b) {
        return held[a->child] < held[b->child];
      });
      ++held[(*least)->child];
      arm(*listener, **least);
    }
  }
}

void Supervisor::arm(Listener& listener, WorkerHandle& worker) {
  const auto index = static_cast<std::uint32_t>(&listener - listeners_.data());
  if (WorkerHandle* holder = find(listener.holder)) {
    wire::ToWorker message;
    message.mutable_disarm()->set_listener(index);
    if (holder->channel.valid() &&
        ipc::send_message(holder->channel.get(), message) == ipc::Send::kFull) {
      violation(*holder, "it does not read its messages");
    }
  }
  listener.holder = 0;
  if (worker.phase != Phase::kArmed) return;
  wire::ToWorker message;
  message.mutable_arm()->set_listener(index);
  message.mutable_arm()->set_service(listener.service);
  const int fd = listener.socket.get();
  const TimePoint now = Clock::now();
  if (ipc::send_message(worker.channel.get(), message, {&fd, 1}) != ipc::Send::kSent) {
    // Many listeners at once fill its queue; it gets the rest once it has read.
    worker.full_since = std::min(worker.full_since, now);
    deal_at_ = now + kDealAgain;
    if (now - worker.full_since > kFullTime) violation(worker, "it does not read its messages");
    return;
  }
  worker.full_since = TimePoint::max();
  listener.holder = worker.child;
}

}  // namespace gatehouse::privileged
