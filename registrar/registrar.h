// SPDX-License-Identifier: Apache-2.0
// The registrar's loop: callers that the parent hands over, their calls, and the audit log.
//
// Runs in: gatehouse-registrar, confined. Trusts: the parent; of a caller what the kernel says of
// it (SO_PEERCRED, SO_PEERGROUPS, unix(7)). Invariants:
//  1. Each call of those who may call has its line in the log, whatever came of it; while the log
//     takes none, no call is taken either.
//  2. Replies leave when what they are about is on disk, once for all calls of a turn.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "ipc/event_log.h"
#include "registrar/calls.h"
#include "registrar/registry.h"

namespace gatehouse::registrar {

struct Descriptors {
  int channel;
  UniqueFd log;
};

class Registrar {
 public:
  // group: whose members may call, beside root.
  Registrar(Descriptors fds, Registry registry, std::optional<std::uint32_t> group);

  // What the journal says is in force: tells the parent, or why it can't be.
  bool load();
  // Until the parent is gone.
  void run();

 private:
  struct Connection {
    UniqueFd fd;
    std::uint32_t uid = 0;
    int pid = 0;  // in the parent's pid namespace
    bool may_call = false;
    std::optional<Outcome> done;  // not answered yet
  };

  void say(const wire::FromRegistrar& message);
  // False: the parent is gone.
  bool read_channel();
  void welcome(UniqueFd fd, int pid);
  bool may_call(int fd, std::uint32_t uid) const;
  bool log_has_room() const;
  // False: the connection has ended.
  bool serve(Connection& connection);
  void answer_all();
  void refuse_stranger(const Connection& connection);
  static std::string caller_text(const Connection& connection);
  void audit(const Connection& connection, const Outcome& outcome);
  int wait_ms();

  const int channel_;
  const int log_fd_;
  ipc::EventLog log_;
  Registry registry_;
  std::optional<std::uint32_t> group_;
  std::list<Connection> connections_;  // the oldest first
  ipc::Message message_;
  std::uint64_t strangers_ = 0;  // refused since the last line about them
  std::int64_t strangers_said_ms_ = 0;
};

// The wall clock, milliseconds since 1970.
std::int64_t now_ms();

}  // namespace gatehouse::registrar
