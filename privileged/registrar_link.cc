// SPDX-License-Identifier: Apache-2.0
#include "privileged/registrar_link.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include "ipc/codec.h"
#include "proto/registrar.pb.h"

namespace gatehouse::privileged {

RegistrarLink::RegistrarLink(Loop& loop, EventLog& log, LoggerLink& logger, int spawner, int socket,
                             int page, std::function<void()> end_connections)
    : loop_(loop),
      log_(log),
      logger_(logger),
      socket_(socket),
      page_(page),
      end_connections_(std::move(end_connections)),
      helper_(loop, spawner, [this] { on_channel(); }) {}

void RegistrarLink::start() {
  const auto log_pipe = logger_.make_pipe(LoggerLink::kRegistrar, 0);
  const int fds[] = {log_pipe ? log_pipe->get() : -1, page_};
  if (!log_pipe || !helper_.start(fds)) again();
}

void RegistrarLink::finish() {
  listen(false);
  helper_.forget();
}

void RegistrarLink::again() {
  listen(false);
  helper_.stop();
  helper_.start_again();
  logger_.forget_worker(LoggerLink::kRegistrar);
}

// Who calls while none runs waits in the queue of the socket.
void RegistrarLink::listen(bool wanted) {
  if (wanted == listening_) return;
  if (!wanted) loop_.remove(socket_);
  listening_ = wanted && loop_.add(socket_, EPOLLIN, [this](std::uint32_t) { on_socket(); });
}

void RegistrarLink::on_channel() {
  ipc::Message message;
  for (int i = 0; i < 32 && helper_.running(); ++i) {
    const auto received = ipc::receive(helper_.channel(), &message, 0);
    if (received == ipc::Receive::kEmpty) return;
    wire::FromRegistrar said;
    if (received == ipc::Receive::kClosed) return helper_.hang_up();  // Exited says why
    if (received != ipc::Receive::kMessage || !ipc::decode(message.bytes(), &said)) {
      log_.write(Level::kSecurity, "the registrar is ended: a malformed message");
      return again();
    }
    if (said.has_table_ready()) was_ready_ = true;
    if (said.has_table_ready()) listen(true);
    if (said.has_connections_end()) end_connections_();
    if (said.has_failed()) {
      failed_ = !was_ready_;
      log_.write(Level::kError, "the registrar can't work: " + said.failed().text());
    }
  }
}

// SO_PEERCRED has the pid as this process sees it; the registrar would see none.
void RegistrarLink::on_socket() {
  const UniqueFd caller(accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!caller.valid()) return;
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(caller.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return;
  wire::ToRegistrar message;
  message.mutable_caller()->set_pid(peer.pid);
  const int fd = caller.get();
  // One that finds no room sees its connection end.
  ipc::send_message(helper_.channel(), message, {&fd, 1});
}

void RegistrarLink::child_exited(const wire::Exited& exited) {
  if (!helper_.is(exited.child())) return;
  if (helper_.channel() >= 0) on_channel();  // its last words come first
  log_.write(Level::kError, "the registrar ended (" + ending(exited) + "); starting it again");
  helper_.forget();
  again();
}

void RegistrarLink::expire(TimePoint now) {
  if (now >= helper_.due_at()) start();
}

}  // namespace gatehouse::privileged
