// SPDX-License-Identifier: Apache-2.0
// The part of the logger that opens, flushes and watches its targets.
#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "ipc/sealed_memfd.h"
#include "logger/clock.h"
#include "logger/logger.h"

namespace gatehouse::logger {
namespace {

constexpr std::uint64_t kMaxRetry_ms = 50;

// The loader allows no other name; this keeps openat within the directory if it should.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name[0] != '.' &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

Result<wire::ConfigLog> read_config(int memfd) {
  const auto size = ipc::sealed_size(memfd);
  if (!size) return size.error();
  auto bytes = ipc::read_sealed(memfd, *size);
  if (!bytes) return bytes.error();
  wire::Config config;
  if (!config.ParseFromString(*bytes)) return Error{0, "it can't be decoded"};
  if (config.log().target() == wire::ConfigLog::FILE && !is_plain_name(config.log().file())) {
    return Error{0, "the name of the log file is not a plain one"};
  }
  return config.log();
}

}  // namespace

void Logger::say(wire::EventRecord::Level level, std::string_view text) {
  events_.write(Source{}, level, text, now_);
}

void Logger::configure(UniqueFd memfd) {
  const auto log = memfd.valid() ? read_config(memfd.get())
                                 : Result<wire::ConfigLog>(Error{0, "no descriptor came with it"});
  if (!log) {
    say(wire::EventRecord::ERROR, "the new configuration is not used: " + log.error().what);
    return;
  }
  config_ = *log;
  renderer_.set_format(config_->format());
  open_access_log();
}

void Logger::open_access_log() {
  access_log_.flush();
  switch (config_->target()) {
    case wire::ConfigLog::STDOUT:
      access_log_.open(UniqueFd(fds_.out), fds_.out_kind);
      return;
    case wire::ConfigLog::FILE:
      break;
    default:
      access_log_.close();
      return;
  }
  // Nonblocking, for the case that the name is a pipe's; for a regular file it has no effect.
  UniqueFd file(::openat(fds_.directory, config_->file().c_str(),
                         O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                         0640));
  if (file.valid()) {
    access_log_.open(std::move(file), Target::Kind::kFile);
    return;
  }
  const Error error = errno_error("the access log " + config_->file() + " can't be opened");
  say(wire::EventRecord::ERROR,
      error.what + (access_log_.is_open()
                        ? "; it goes on where it went before, until a reload or reopen succeeds"
                        : "; up to 1 MiB of it waits for a reload or reopen that succeeds"));
}

void Logger::flush_targets() {
  std::size_t moved = 0;
  bool waiting = false;
  for (Target* target : {&access_log_, &standard_error_}) {
    moved += target->flush();
    waiting = waiting || (target->is_open() && target->pending() > 0);
  }
  // A reader that takes something soon takes more; one that takes nothing is asked ever less often.
  retry_ms_ = !waiting || moved > 0 ? 1 : std::min(retry_ms_ * 2, kMaxRetry_ms);
}

void Logger::report_gaps() {
  if (access_log_.has_gap()) {
    const std::uint64_t count = access_log_.take_dropped();
    line_.clear();
    renderer_.append_lost_by_target(clock_us(CLOCK_REALTIME), count, &line_);
    access_log_.push(line_);
    say(wire::EventRecord::WARNING,
        "the access log could not be written fast enough: " + std::to_string(count) +
            (count == 1 ? " record was" : " records were") + " dropped");
  }
  if (standard_error_.has_gap()) {
    const std::uint64_t count = standard_error_.take_dropped();
    say(wire::EventRecord::WARNING, std::to_string(count) +
                                        (count == 1 ? " message was" : " messages were") +
                                        " dropped: nobody read standard error");
  }
  held_back_ = events_.report_held_back(now_);
}

void Logger::report_errors() {
  const int error = access_log_.is_open() ? access_log_.error() : reported_error_;
  if (error == reported_error_) return;
  reported_error_ = error;
  if (error == 0) {
    say(wire::EventRecord::INFO, "the access log can be written again");
  } else {
    say(wire::EventRecord::ERROR, std::string("the access log can't be written: ") +
                                      std::strerror(error) +
                                      "; up to 1 MiB of it waits, what is more is dropped");
  }
}

}  // namespace gatehouse::logger
