// SPDX-License-Identifier: Apache-2.0
// The control socket: status, reload, reopen, stop (proto/control.proto).
//
// Runs in: parent. Trusts: root and the parent's own user, by SO_PEERCRED (unix(7)); nobody else
// gets more than a sentence.
#pragma once

#include <functional>
#include <map>

#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "privileged/loop.h"
#include "proto/control.pb.h"

namespace gatehouse::privileged {

class Control {
 public:
  // Answers one request; for a reload the answer comes later, by done.
  struct Actions {
    std::function<void(wire::StatusReply*)> status;
    std::function<void(std::function<void(Status)> done)> reload;
    std::function<void()> reopen;
    std::function<void()> stop;
  };

  Control(Loop& loop, UniqueFd listener, Actions actions);

 private:
  void on_listener();
  void on_client(std::uint64_t id);
  void dispatch(std::uint64_t id, const wire::ControlRequest& request);
  void reply(std::uint64_t id, wire::ControlReply reply);
  void close(std::uint64_t id);

  Loop& loop_;
  UniqueFd listener_;
  Actions actions_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, UniqueFd> clients_;  // by a number that is never reused
};

// Binds a unix socket, mode 0660, with this owner and group. Root only.
Result<UniqueFd> open_control_socket(const std::string& path, uid_t owner, gid_t group);

}  // namespace gatehouse::privileged
