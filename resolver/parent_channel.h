// SPDX-License-Identifier: Apache-2.0
// What is said to the parent, in order and without loss: what its queue does not take waits here,
// and so long nothing more is read from it, which bounds what waits.
#pragma once

#include <deque>
#include <string>

#include "ipc/channel.h"
#include "proto/resolver.pb.h"

namespace gatehouse::resolver {

class ParentChannel {
 public:
  // Watches the channel in epoll with this data.
  ParentChannel(int channel, int epoll, std::uint64_t tag);

  bool usable() const { return usable_; }
  void say(const wire::FromResolver& message);
  // The channel may take more. False: the parent is gone.
  bool flush();
  bool backed_up() const { return !waiting_.empty(); }
  bool gone() const { return gone_; }

 private:
  void watch();

  int channel_;
  int epoll_;
  std::uint64_t tag_;
  bool usable_ = false;
  bool gone_ = false;
  std::uint32_t watched_ = 0;
  std::deque<std::string> waiting_;
};

}  // namespace gatehouse::resolver
