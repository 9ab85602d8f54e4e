// SPDX-License-Identifier: Apache-2.0
// The logger as a process, started with the descriptors that its spawner gives it, for tests. It
// puts on its own filter, as always: a system call outside its table ends it by SIGSYS.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/privileges.h"
#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "ipc/codec.h"
#include "ipc/sealed_memfd.h"
#include "proto/config.pb.h"
#include "proto/log.pb.h"
#include "proto/logger.pb.h"

namespace gatehouse::logger {

struct PipeEnds {
  UniqueFd read_end, write_end;
};
inline PipeEnds make_pipe(int flags = 0) {
  int fds[2];
  EXPECT_EQ(pipe2(fds, O_CLOEXEC | flags), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

inline std::string framed(std::string_view record) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += static_cast<char>(record.size() >> (8 * i));
  return out.append(record);
}

inline std::string access_record(std::string_view target) {
  wire::LogRecord record;
  record.mutable_access()->set_target(std::string(target));
  record.mutable_access()->set_method("GET");
  record.mutable_access()->set_client(std::string("\x0a\x00\x00\x01", 4));
  record.mutable_access()->set_time_us(1'795'500'207'123'456);
  return framed(record.SerializeAsString());
}

inline std::string event_record(std::string_view text) {
  wire::LogRecord record;
  record.mutable_event()->set_text(std::string(text));
  return framed(record.SerializeAsString());
}

class LoggerProcess {
 public:
  // standard_out and standard_err: what it gets as fd 1 and 2. directory: the log directory.
  LoggerProcess(int standard_out, int standard_err, const std::string& directory) {
    ipc::Pair pair = std::move(*ipc::make_pair());
    const UniqueFd log_directory(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    pid_ = fork();
    if (pid_ == 0) {
      start(standard_out, standard_err, pair.theirs.get(), log_directory.get());
    }
    channel_ = std::move(pair.ours);
  }
  ~LoggerProcess() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  void send(const wire::ToLogger& message, int fd = -1) {
    const std::span<const int> fds(&fd, fd >= 0 ? 1 : 0);
    EXPECT_EQ(ipc::send_message(channel_.get(), message, fds), ipc::Send::kSent);
  }

  void configure(wire::ConfigLog::Target target, const std::string& file = "access.log",
                 wire::ConfigLog::Format format = wire::ConfigLog::JSON) {
    wire::Config config;
    config.mutable_log()->set_target(target);
    config.mutable_log()->set_file(file);
    config.mutable_log()->set_format(format);
    const std::string bytes = config.SerializeAsString();
    const UniqueFd memfd = std::move(*ipc::make_memfd("config", 0));
    EXPECT_EQ(write(memfd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    EXPECT_TRUE(ipc::seal(memfd.get(), true));
    wire::ToLogger message;
    message.mutable_configure();
    send(message, memfd.get());
  }

  // The write end of a new log pipe; nonblocking as a worker's.
  UniqueFd add_pipe(wire::AddPipe::Source source, unsigned slot) {
    PipeEnds pipe = make_pipe(O_NONBLOCK);
    wire::ToLogger message;
    message.mutable_add_pipe()->set_source(source);
    message.mutable_add_pipe()->set_slot(slot);
    send(message, pipe.read_end.get());
    return std::move(pipe.write_end);
  }

  void reopen() {
    wire::ToLogger message;
    message.mutable_reopen();
    send(message);
  }

  // Sends Finish (the pipes must be closed) and returns the wait status.
  int finish() {
    wire::ToLogger message;
    message.mutable_finish();
    send(message);
    return wait();
  }

  void close_channel() { channel_.reset(); }

  int wait() {
    int status = -1;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = 0;
    return status;
  }

 private:
  [[noreturn]] static void start(int out, int err, int channel, int directory) {
    signal(SIGPIPE, SIG_IGN);
    const int sources[] = {open("/dev/null", O_RDWR), out, err, channel, directory};
    int high[5];
    for (int i = 0; i < 5; ++i) high[i] = fcntl(sources[i], F_DUPFD, 100);
    for (int i = 0; i < 5; ++i) dup2(high[i], i);
    close_range(5, ~0U, 0);
    char name[] = "gatehouse-logger";
    char* argv[] = {name, nullptr};
    char* environment[] = {nullptr};
    execve(LOGGER_BINARY, argv, environment);
    _exit(127);
  }

  pid_t pid_ = 0;
  UniqueFd channel_;
};

inline void put(const UniqueFd& pipe, std::string_view octets) {
  ASSERT_EQ(write(pipe.get(), octets.data(), octets.size()), static_cast<ssize_t>(octets.size()));
}

// A directory of its own that goes with the test.
class LogDirectory {
 public:
  LogDirectory() {
    char name[] = "/tmp/gatehouse-logger-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~LogDirectory() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string text(const std::string& name) const {
    std::ifstream file(this->file(name));
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
  }
  // Until the file holds so many lines; false after 5 s.
  bool wait_for_lines(const std::string& name, long count) const {
    for (int i = 0; i < 500; ++i) {
      const std::string all = text(name);
      if (std::count(all.begin(), all.end(), '\n') >= count) return true;
      usleep(10'000);
    }
    return false;
  }

 private:
  std::string path_;
};

// What comes within the time, until end of file.
inline std::string read_within(int fd, int milliseconds) {
  std::string all;
  char buffer[65536];
  for (pollfd ready{fd, POLLIN, 0}; poll(&ready, 1, milliseconds) > 0;) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n <= 0) break;
    all.append(buffer, static_cast<std::size_t>(n));
  }
  return all;
}

}  // namespace gatehouse::logger
