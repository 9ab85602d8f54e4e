// SPDX-License-Identifier: Apache-2.0
#include "privileged/logger_link.h"

#include <fcntl.h>
#include <unistd.h>

#include "ipc/codec.h"

namespace gatehouse::privileged {
namespace {
constexpr int kPipeSize = 1 << 20;  // octets: what may wait while the logger batches
}  // namespace

void LoggerLink::configure(int config_memfd) {
  config_.reset(fcntl(config_memfd, F_DUPFD_CLOEXEC, 3));
  if (!running()) {
    if (pipes_.count(0) == 0) {
      if (auto pipe = make_pipe(0, 0)) log_.use_pipe(std::move(*pipe));
    }
    return start();
  }
  tell_configuration();
}

void LoggerLink::start() {
  if (!helper_.start()) return helper_.start_again();
  tell_configuration();
  for (const auto& [child, pipe] : pipes_) tell_pipe(child, pipe);
}

// To nobody where none runs: the next one is told everything anew.
void LoggerLink::send(const wire::ToLogger& message, int fd) {
  if (!running()) return;
  ipc::send_message(helper_.channel(), message, {&fd, fd >= 0 ? 1U : 0U});
}

void LoggerLink::tell_configuration() {
  wire::ToLogger message;
  message.mutable_configure();
  send(message, config_.get());
}

void LoggerLink::tell_pipe(std::uint32_t child, const Pipe& pipe) {
  wire::ToLogger message;
  message.mutable_add_pipe()->set_source(child == 0            ? wire::AddPipe::PARENT
                                         : child == kRegistrar ? wire::AddPipe::REGISTRAR
                                                               : wire::AddPipe::WORKER);
  message.mutable_add_pipe()->set_slot(pipe.slot);
  send(message, pipe.read_end.get());
}

Result<UniqueFd> LoggerLink::make_pipe(std::uint32_t child, unsigned slot) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno_error("making a log pipe");
  UniqueFd read_end(ends[0]), write_end(ends[1]);
  // Best effort: a host may allow less.
  fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);
  Pipe& pipe = pipes_[child];
  pipe = {slot, std::move(read_end)};
  tell_pipe(child, pipe);
  return write_end;
}

void LoggerLink::reopen() {
  wire::ToLogger message;
  message.mutable_reopen();
  send(message);
}

void LoggerLink::finish() {
  finishing_ = true;
  log_.use_pipe(UniqueFd());
  pipes_.clear();
  wire::ToLogger message;
  message.mutable_finish();
  send(message);
}

void LoggerLink::child_exited(const wire::Exited& exited) {
  if (!helper_.is(exited.child())) return;
  helper_.forget();
  if (finishing_) return;
  helper_.start_again();
  log_.write(Level::kError, "the logger ended (" + ending(exited) + "); starting it again");
}

void LoggerLink::expire(TimePoint now) {
  if (now >= helper_.due_at()) start();
}

}  // namespace gatehouse::privileged
