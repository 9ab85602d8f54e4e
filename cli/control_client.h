// SPDX-License-Identifier: Apache-2.0
// One question to a running gatehoused over its control socket (proto/control.proto).
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "proto/control.pb.h"

namespace gatehouse::cli {

// A connection to one of its sockets. who_may: the end of the sentence where that is not permitted.
Result<UniqueFd> connect_to(const std::string& path, const char* who_may);
// The next answer on it, which does not take longer.
Status await_answer(int socket, int timeout_ms, ipc::Message* message);

class ControlClient {
 public:
  // To RUN_DIR/control.sock.
  static Result<ControlClient> connect(const std::string& run_directory);

  // Sends body with the protocol's version and waits for the answer. A ControlError is an error.
  Result<wire::ControlReply> ask(wire::ControlRequest request, int timeout_ms);

  // Whom the kernel says we talk to (SO_PEERCRED): the parent, as whoever listens.
  pid_t parent() const { return parent_; }

 private:
  ControlClient(UniqueFd socket, pid_t parent) : socket_(std::move(socket)), parent_(parent) {}

  UniqueFd socket_;
  pid_t parent_;
};

}  // namespace gatehouse::cli
