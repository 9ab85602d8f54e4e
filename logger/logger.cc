// SPDX-License-Identifier: Apache-2.0
#include "logger/logger.h"

#include <poll.h>

#include <algorithm>

#include "ipc/codec.h"
#include "logger/clock.h"
#include "logger/framing.h"

namespace gatehouse::logger {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;        // octets read from a pipe in one turn
constexpr std::uint64_t kBatch_us = 20'000;        // a wake-up serves so much time's records
constexpr std::uint64_t kFinish_us = 2'000'000;    // for pipes to end and targets to take the rest
constexpr std::uint64_t kOrphaned_us = 1'000'000;  // workers whose parent is gone end at once
constexpr unsigned kMaxSlot = 1024;

}  // namespace

Logger::Logger(const Descriptors& fds)
    : fds_(fds),
      events_(&standard_error_),
      buffer_(new char[kMaxRecord + kLengthOctets + kBuffer]) {
  standard_error_.open(UniqueFd(fds.err), fds.err_kind);
}

int Logger::run() {
  now_ = clock_us(CLOCK_MONOTONIC);
  while (!finished()) {
    wait();
    if (channel_readable_) read_channel();
    read_pipes();
    report_gaps();
    flush_targets();
    report_errors();
  }
  if (access_log_.pending() > 0) {
    say(wire::EventRecord::WARNING, std::to_string(access_log_.pending()) +
                                        " octets of the access log could not be written in time");
  }
  standard_error_.flush();
  return exit_code_;
}

bool Logger::finished() const {
  if (!deadline_) return false;
  const bool done = pipes_.empty() && access_log_.pending() == 0 && standard_error_.pending() == 0;
  return done || now_ >= *deadline_;
}

// Until the first configuration the access log's place and form are unknown; the parent's own
// sentences need neither.
bool Logger::wants(const Pipe& pipe) const {
  return config_.has_value() || deadline_.has_value() || pipe.source.kind != Source::Kind::kWorker;
}

bool Logger::logs_access() const { return config_ && config_->target() != wire::ConfigLog::OFF; }

int Logger::timeout_ms(std::uint64_t now) const {
  std::uint64_t timeout = ~std::uint64_t{0};
  if (next_read_ > now) timeout = (next_read_ - now + 999) / 1000;
  if (access_log_.is_open() && access_log_.pending() > 0) timeout = std::min(timeout, retry_ms_);
  if (standard_error_.pending() > 0) timeout = std::min(timeout, retry_ms_);
  if (held_back_) timeout = std::min<std::uint64_t>(timeout, 500);
  if (deadline_) timeout = std::min<std::uint64_t>(timeout, 20);
  return timeout > 60'000 ? -1 : static_cast<int>(timeout);
}

void Logger::wait() {
  std::vector<pollfd> polled;
  polled.reserve(1 + pipes_.size());
  polled.push_back({channel_open_ ? fds_.channel : -1, POLLIN, 0});
  const bool reading = now_ >= next_read_;
  for (const Pipe& pipe : pipes_) {
    polled.push_back({reading && wants(pipe) ? pipe.fd.get() : -1, POLLIN, 0});
  }
  const int n = ::poll(polled.data(), polled.size(), timeout_ms(now_));
  now_ = clock_us(CLOCK_MONOTONIC);
  channel_readable_ = n > 0 && polled[0].revents != 0;
  for (std::size_t i = 0; i < pipes_.size(); ++i) {
    pipes_[i].readable = n > 0 && polled[i + 1].revents != 0;
  }
}

void Logger::read_channel() {
  for (;;) {
    switch (ipc::receive(fds_.channel, &message_, 1)) {
      case ipc::Receive::kEmpty:
        return;
      case ipc::Receive::kClosed:
        channel_open_ = false;
        begin_finish(kOrphaned_us);
        return;
      case ipc::Receive::kViolation:
        channel_open_ = false;
        exit_code_ = 1;
        say(wire::EventRecord::ERROR, "the parent's channel is broken; the logger ends");
        begin_finish(kOrphaned_us);
        return;
      case ipc::Receive::kMessage:
        break;
    }
    wire::ToLogger message;
    if (ipc::decode(message_.bytes(), &message)) {
      handle(message, &message_);
    } else {
      say(wire::EventRecord::ERROR, "the parent sent a message that can't be read; it is ignored");
    }
  }
}

void Logger::handle(const wire::ToLogger& message, ipc::Message* carrier) {
  UniqueFd fd = std::move(carrier->fds[0]);
  switch (message.body_case()) {
    case wire::ToLogger::kAddPipe:
      add_pipe(message.add_pipe(), std::move(fd));
      break;
    case wire::ToLogger::kConfigure:
      configure(std::move(fd));
      break;
    case wire::ToLogger::kReopen:
      if (config_) open_access_log();
      break;
    case wire::ToLogger::kFinish:
      begin_finish(kFinish_us);
      break;
    case wire::ToLogger::BODY_NOT_SET:  // ipc::decode refuses it
      break;
  }
}

void Logger::add_pipe(const wire::AddPipe& message, UniqueFd fd) {
  if (!fd.valid() || message.slot() > kMaxSlot) {
    say(wire::EventRecord::ERROR, "the parent announced a log pipe without a descriptor");
    return;
  }
  const Source::Kind kind = message.source() == wire::AddPipe::WORKER ? Source::Kind::kWorker
                            : message.source() == wire::AddPipe::REGISTRAR
                                ? Source::Kind::kRegistrar
                                : Source::Kind::kParent;
  const unsigned slot = kind == Source::Kind::kWorker ? message.slot() : 0;
  pipes_.push_back({std::move(fd), {kind, slot}, {}, false});
}

void Logger::begin_finish(std::uint64_t within_us) {
  if (!deadline_) deadline_ = now_ + within_us;
  next_read_ = 0;
}

void Logger::read_pipes() {
  bool any = false, full = false;
  for (Pipe& pipe : pipes_) {
    if (!pipe.readable) continue;
    any = true;
    if (!read_pipe(&pipe)) pipe.fd.reset();
    full = full || pipe.more;
  }
  std::erase_if(pipes_, [](const Pipe& pipe) { return !pipe.fd.valid(); });
  if (any && !full && !deadline_) next_read_ = now_ + kBatch_us;
}

bool Logger::read_pipe(Pipe* pipe) {
  char* const begin = buffer_.get();
  std::copy(pipe->rest.begin(), pipe->rest.end(), begin);
  const ssize_t n = ::read(pipe->fd.get(), begin + pipe->rest.size(), kBuffer);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (n == 0) return false;
  pipe->more = static_cast<std::size_t>(n) == kBuffer;
  std::string_view octets(begin, pipe->rest.size() + static_cast<std::size_t>(n));
  std::string_view record;
  Frame frame;
  while ((frame = next_frame(&octets, &record)) == Frame::kRecord) {
    if (!handle_record(pipe->source, record)) {
      frame = Frame::kBroken;
      break;
    }
  }
  if (frame == Frame::kBroken) {
    const Source::Kind kind = pipe->source.kind;
    say(wire::EventRecord::SECURITY,
        (kind == Source::Kind::kWorker      ? "worker " + std::to_string(pipe->source.slot)
         : kind == Source::Kind::kRegistrar ? std::string("the registrar")
                                            : std::string("the parent")) +
            " sent a log record that can't be read; its log pipe is closed");
    return false;
  }
  pipe->rest.assign(octets);
  return true;
}

bool Logger::handle_record(const Source& source, std::string_view record) {
  const auto opened = open_record(record);
  if (!opened) return false;
  const int size = static_cast<int>(opened->body.size());
  switch (opened->kind) {
    case RecordKind::kAccess:
      if (!access_.ParseFromArray(opened->body.data(), size)) return false;
      if (!logs_access()) return true;
      line_.clear();
      renderer_.append_access(access_, source.slot, &line_);
      access_log_.push(line_);
      return true;
    case RecordKind::kEvent:
      if (!event_.ParseFromArray(opened->body.data(), size)) return false;
      events_.write(source, event_.level(), event_.text(), now_);
      return true;
    case RecordKind::kDropped: {
      wire::DroppedRecords dropped;
      if (!dropped.ParseFromArray(opened->body.data(), size)) return false;
      if (!logs_access()) return true;
      line_.clear();
      renderer_.append_lost_by_worker(clock_us(CLOCK_REALTIME), source.slot, dropped.count(),
                                      &line_);
      access_log_.push(line_);
      return true;
    }
  }
  return false;
}

}  // namespace gatehouse::logger
