// SPDX-License-Identifier: Apache-2.0
#include "resolver/parent_channel.h"

#include <sys/epoll.h>

namespace gatehouse::resolver {

ParentChannel::ParentChannel(int channel, int epoll, std::uint64_t tag)
    : channel_(channel), epoll_(epoll), tag_(tag) {
  epoll_event event{};
  event.events = watched_ = EPOLLIN;
  event.data.u64 = tag_;
  usable_ = epoll_ctl(epoll_, EPOLL_CTL_ADD, channel_, &event) == 0;
}

void ParentChannel::say(const wire::FromResolver& message) {
  waiting_.push_back(message.SerializeAsString());
  if (waiting_.size() == 1) flush();
}

bool ParentChannel::flush() {
  while (!waiting_.empty() && !gone_) {
    const ipc::Send sent = ipc::send(channel_, waiting_.front());
    if (sent == ipc::Send::kFull) break;
    gone_ = sent == ipc::Send::kClosed;
    waiting_.pop_front();
  }
  watch();
  return !gone_;
}

void ParentChannel::watch() {
  const std::uint32_t wanted = backed_up() ? EPOLLOUT : EPOLLIN;
  if (wanted == watched_) return;
  epoll_event event{};
  event.events = watched_ = wanted;
  event.data.u64 = tag_;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, channel_, &event);
}

}  // namespace gatehouse::resolver
