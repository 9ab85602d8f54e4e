// SPDX-License-Identifier: Apache-2.0
// Runs the gatehouse command, for tests.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace gatehouse::cli {

struct Ran {
  int code = -1;  // exit code; -signal
  std::string out, err;
};

// The command started; finish() collects what it says.
class Running {
 public:
  explicit Running(const std::vector<std::string>& words, const std::string& input = "") {
    int out[2], err[2], in[2];
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(err, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
    EXPECT_EQ(write(in[1], input.data(), input.size()), static_cast<ssize_t>(input.size()));
    close(in[1]);
    std::vector<std::string> copies = {"gatehouse"};
    copies.insert(copies.end(), words.begin(), words.end());
    std::vector<char*> arguments;
    arguments.reserve(copies.size() + 1);
    for (std::string& word : copies) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      dup2(err[1], 2);
      execv(GATEHOUSE_BINARY, arguments.data());
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    out_.reset(out[0]);
    err_.reset(err[0]);
  }

  pid_t pid() const { return pid_; }

  Ran finish() {
    Ran ran;
    ran.out = read_all(out_.get());
    ran.err = read_all(err_.get());
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return ran;
  }

 private:
  static std::string read_all(int fd) {
    std::string all;
    char buffer[4096];
    for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) {
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }

  pid_t pid_;
  UniqueFd out_, err_;
};

inline Ran run_gatehouse(const std::vector<std::string>& words, const std::string& input = "") {
  return Running(words, input).finish();
}

}  // namespace gatehouse::cli
