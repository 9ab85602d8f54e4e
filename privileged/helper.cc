// SPDX-License-Identifier: Apache-2.0
#include "privileged/helper.h"

#include <sys/epoll.h>

#include <vector>

#include "ipc/codec.h"

namespace gatehouse::privileged {

std::string ending(const wire::Exited& exited) {
  return (exited.killed() ? "signal " : "status ") + std::to_string(exited.status());
}

bool spawn_child(int spawner, std::uint32_t child, std::span<const int> fds, unsigned canary) {
  wire::ToSpawner request;
  request.mutable_spawn()->set_child(child);
  request.mutable_spawn()->set_canary(canary);
  return ipc::send_message(spawner, request, fds) == ipc::Send::kSent;
}

void kill_child(int spawner, std::uint32_t child) {
  wire::ToSpawner request;
  request.mutable_kill()->set_child(child);
  ipc::send_message(spawner, request);
}

bool Helper::start(std::span<const int> fds) {
  forget();
  started_ = Clock::now();
  due_at_ = TimePoint::max();
  auto pair = ipc::make_pair();
  if (!pair) return false;
  std::vector<int> all = {pair->theirs.get()};
  all.insert(all.end(), fds.begin(), fds.end());
  if (!spawn_child(spawner_, ++last_child_, all)) return false;
  child_ = last_child_;
  channel_ = std::move(pair->ours);
  if (!heard_ || loop_.add(channel_.get(), EPOLLIN, [this](std::uint32_t) { heard_(); }))
    return true;
  stop();
  return false;
}

void Helper::stop() {
  due_at_ = TimePoint::max();
  if (running()) kill_child(spawner_, child_);
  forget();
}

void Helper::hang_up() {
  if (heard_ && channel_.valid()) loop_.remove(channel_.get());
  channel_.reset();
}

void Helper::forget() {
  hang_up();
  child_ = 0;
}

}  // namespace gatehouse::privileged
