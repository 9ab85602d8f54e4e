// SPDX-License-Identifier: Apache-2.0
// The logger as the parent sees it: keeps it running and gives it the read ends of all log pipes.
// A logger that ends is replaced; the parent keeps copies of the read ends, so that only what it
// had read but not written is lost.
#pragma once

#include <map>

#include "base/unique_fd.h"
#include "privileged/event_log.h"
#include "privileged/helper.h"
#include "proto/logger.pb.h"

namespace gatehouse::privileged {

class LoggerLink {
 public:
  LoggerLink(Loop& loop, EventLog& log, int spawner) : log_(log), helper_(loop, spawner) {}

  // Starts it with the sealed configuration (a copy is kept), or hands a running one the new one.
  void configure(int config_memfd);
  // For whom a pipe may be beside workers: the parent, and this one.
  static constexpr std::uint32_t kRegistrar = ~0U;
  // A new log pipe for a worker of this slot (child 0: for the parent): its write end. The read end
  // goes to the logger.
  Result<UniqueFd> make_pipe(std::uint32_t child, unsigned slot);
  // The worker is gone: the logger still reads what is left in its pipe.
  void forget_worker(std::uint32_t child) { pipes_.erase(child); }
  void reopen();
  // All writers are gone: the logger writes what is left and exits. Returns at once.
  void finish();

  void child_exited(const wire::Exited& exited);
  bool running() const { return helper_.running(); }
  TimePoint next_deadline() const { return helper_.due_at(); }
  void expire(TimePoint now);

 private:
  struct Pipe {
    unsigned slot;
    UniqueFd read_end;
  };

  void start();
  void send(const wire::ToLogger& message, int fd = -1);
  void tell_configuration();
  void tell_pipe(std::uint32_t child, const Pipe& pipe);

  EventLog& log_;
  Helper helper_;
  UniqueFd config_;
  std::map<std::uint32_t, Pipe> pipes_;  // by worker; 0: the parent's own
  bool finishing_ = false;
};

}  // namespace gatehouse::privileged
