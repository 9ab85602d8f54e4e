// SPDX-License-Identifier: Apache-2.0
// The logger role: records from the log pipes become lines of the access log and of standard
// error.
//
// Runs in: gatehouse-logger, one thread. Trusts: the parent's channel; of a worker's pipe nothing
// but that the kernel says which pipe it is.
// Invariants:
//  1. Nothing is waited for but poll(2): not a target, not a pipe.
//  2. Memory is bounded: one read buffer, kMaxPending for each target, one cut-off record a pipe.
//  3. A pipe whose records can't be told apart any more is closed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "logger/events.h"
#include "logger/render.h"
#include "logger/target.h"
#include "proto/config.pb.h"
#include "proto/log.pb.h"
#include "proto/logger.pb.h"

namespace gatehouse::logger {

struct Descriptors {
  int channel;
  int directory;  // O_PATH or better: of the log files
  int out;
  int err;
  Target::Kind out_kind;  // kSharedFile or kStream
  Target::Kind err_kind;
};

class Logger {
 public:
  explicit Logger(const Descriptors& fds);
  // Until the parent says Finish or is gone. The exit code: 0, or 1 after a broken channel.
  int run();

 private:
  struct Pipe {
    UniqueFd fd;
    Source source;
    std::string rest;  // of the last read: the beginning of a record
    bool readable = false;
    bool more = false;  // the last read filled the buffer
  };

  // One turn of the loop.
  void wait();
  void read_channel();
  void read_pipes();
  void flush_targets();

  void handle(const wire::ToLogger& message, ipc::Message* carrier);
  void add_pipe(const wire::AddPipe& message, UniqueFd fd);
  void configure(UniqueFd memfd);
  void open_access_log();
  void begin_finish(std::uint64_t within_us);
  bool finished() const;

  // False: the pipe is at its end, or broken.
  bool read_pipe(Pipe* pipe);
  bool handle_record(const Source& source, std::string_view record);
  bool logs_access() const;  // or would, could the target be opened
  bool wants(const Pipe& pipe) const;
  int timeout_ms(std::uint64_t now) const;
  void say(wire::EventRecord::Level level, std::string_view text);
  void report_gaps();
  void report_errors();

  const Descriptors fds_;
  Target access_log_;
  Target standard_error_;
  Events events_;
  Renderer renderer_;
  std::vector<Pipe> pipes_;
  std::optional<wire::ConfigLog> config_;  // once configured
  ipc::Message message_;
  bool channel_readable_ = false;
  bool channel_open_ = true;
  int exit_code_ = 0;

  // Steady clock, microseconds.
  std::uint64_t now_ = 0;
  std::uint64_t next_read_ = 0;            // pipes are left to fill until then
  std::optional<std::uint64_t> deadline_;  // when finishing
  std::uint64_t retry_ms_ = 1;             // until a target that took nothing is tried again
  bool held_back_ = false;                 // events wait for being counted
  int reported_error_ = 0;                 // of the access log

  // Used again for every record.
  wire::AccessRecord access_;
  wire::EventRecord event_;
  std::string line_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace gatehouse::logger
