// SPDX-License-Identifier: Apache-2.0
#include "privileged/logger_link.h"

#include <fcntl.h>
#include <unistd.h>

#include "ipc/codec.h"
#include "proto/logger.pb.h"
#include "proto/spawner.pb.h"

namespace gatehouse::privileged {
namespace {
constexpr int kPipeSize = 1 << 20;  // octets: what may wait while the logger batches
constexpr auto kRestartDelay = std::chrono::seconds(1);
}  // namespace

void LoggerLink::configure(int config_memfd) {
  config_.reset(fcntl(config_memfd, F_DUPFD_CLOEXEC, 3));
  if (!running()) {
    if (pipes_.count(0) == 0) {
      if (auto pipe = make_pipe(0, 0)) log_.use_pipe(std::move(*pipe));
    }
    return start();
  }
  wire::ToLogger message;
  message.mutable_configure();
  const int fd = config_.get();
  ipc::send_message(channel_.get(), message, {&fd, 1});
}

void LoggerLink::start() {
  restart_at_ = TimePoint::max();
  started_ = Clock::now();
  auto pair = ipc::make_pair();
  wire::ToSpawner request;
  request.mutable_spawn()->set_child(++last_child_);
  if (!pair) {
    restart_at_ = Clock::now() + kRestartDelay;
    return;
  }
  const int theirs = pair->theirs.get();
  if (ipc::send_message(spawner_, request, {&theirs, 1}) != ipc::Send::kSent) {
    restart_at_ = Clock::now() + kRestartDelay;
    return;
  }
  child_ = last_child_;
  channel_ = std::move(pair->ours);
  wire::ToLogger message;
  message.mutable_configure();
  const int fd = config_.get();
  ipc::send_message(channel_.get(), message, {&fd, 1});
  for (const auto& [child, pipe] : pipes_) tell_pipe(child, pipe);
}

void LoggerLink::tell_pipe(std::uint32_t child, const Pipe& pipe) {
  wire::ToLogger message;
  message.mutable_add_pipe()->set_source(child == 0 ? wire::AddPipe::PARENT
                                                    : wire::AddPipe::WORKER);
  message.mutable_add_pipe()->set_slot(pipe.slot);
  const int fd = pipe.read_end.get();
  if (channel_.valid()) ipc::send_message(channel_.get(), message, {&fd, 1});
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
  if (channel_.valid()) ipc::send_message(channel_.get(), message);
}

void LoggerLink::finish() {
  finishing_ = true;
  log_.use_pipe(UniqueFd());
  pipes_.clear();
  wire::ToLogger message;
  message.mutable_finish();
  if (channel_.valid()) ipc::send_message(channel_.get(), message);
}

void LoggerLink::child_exited(std::uint32_t child, bool killed, int status) {
  if (child != child_) return;
  child_ = 0;
  channel_.reset();
  if (finishing_) return;
  const TimePoint now = Clock::now();
  restart_at_ = now - started_ > kRestartDelay ? now : now + kRestartDelay;
  log_.write(Level::kError, std::string("the logger ended (") + (killed ? "signal " : "status ") +
                                std::to_string(status) + "); starting it again");
}

void LoggerLink::expire(TimePoint now) {
  if (now >= restart_at_) start();
}

}  // namespace gatehouse::privileged
