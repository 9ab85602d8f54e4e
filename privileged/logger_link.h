// SPDX-License-Identifier: Apache-2.0
// The logger as the parent sees it: keeps it running and gives it the read ends of all log pipes.
// A logger that ends is replaced; the parent keeps copies of the read ends, so that only what it
// had read but not written is lost.
#pragma once

#include <map>

#include "base/unique_fd.h"
#include "privileged/event_log.h"
#include "privileged/loop.h"

namespace gatehouse::privileged {

class LoggerLink {
 public:
  LoggerLink(EventLog& log, int spawner) : log_(log), spawner_(spawner) {}

  // Starts it with the sealed configuration (a copy is kept), or hands a running one the new one.
  void configure(int config_memfd);
  // A new log pipe for a worker of this slot (child 0: for the parent): its write end. The read end
  // goes to the logger.
  Result<UniqueFd> make_pipe(std::uint32_t child, unsigned slot);
  // The worker is gone: the logger still reads what is left in its pipe.
  void forget_worker(std::uint32_t child) { pipes_.erase(child); }
  void reopen();
  // All writers are gone: the logger writes what is left and exits. Returns at once.
  void finish();

  void child_exited(std::uint32_t child, bool killed, int status);
  bool running() const { return child_ != 0; }
  TimePoint next_deadline() const { return restart_at_; }
  void expire(TimePoint now);

 private:
  struct Pipe {
    unsigned slot;
    UniqueFd read_end;
  };

  void start();
  void tell_pipe(std::uint32_t child, const Pipe& pipe);

  EventLog& log_;
  int spawner_;
  UniqueFd config_;
  UniqueFd channel_;
  std::uint32_t child_ = 0;
  std::uint32_t last_child_ = 0;
  std::map<std::uint32_t, Pipe> pipes_;  // by worker; 0: the parent's own
  TimePoint restart_at_ = TimePoint::max();
  TimePoint started_{};
  bool finishing_ = false;
};

}  // namespace gatehouse::privileged
