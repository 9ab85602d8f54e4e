// SPDX-License-Identifier: Apache-2.0
// The registrar as the parent sees it: keeps it running, and hands it those who call clients.sock.
// What they say to each other, and what is in the page, the parent never sees.
//
// Trusts: nothing of it but that workers shall look at the page.
#pragma once

#include <functional>

#include "privileged/event_log.h"
#include "privileged/helper.h"
#include "privileged/logger_link.h"

namespace gatehouse::privileged {

class RegistrarLink {
 public:
  // socket: listening. page: for reading and writing. end_connections: workers are to be told.
  RegistrarLink(Loop& loop, EventLog& log, LoggerLink& logger, int spawner, int socket, int page,
                std::function<void()> end_connections);

  void start();
  void finish();  // it exits by itself when its channel ends
  // Once what it had kept was in the page; it stays there whatever becomes of the registrar.
  bool was_ready() const { return was_ready_; }
  bool failed() const { return failed_; }  // before it was ready, and has said why

  void child_exited(const wire::Exited& exited);
  TimePoint next_deadline() const { return helper_.due_at(); }
  void expire(TimePoint now);

 private:
  void on_channel();
  void on_socket();
  void listen(bool wanted);
  void again();

  Loop& loop_;
  EventLog& log_;
  LoggerLink& logger_;
  int socket_, page_;
  std::function<void()> end_connections_;
  Helper helper_;
  bool listening_ = false;
  bool was_ready_ = false;
  bool failed_ = false;
};

}  // namespace gatehouse::privileged
