// SPDX-License-Identifier: Apache-2.0
#include "logger/target.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace gatehouse::logger {
namespace {

struct Pipe {
  UniqueFd read_end, write_end;
};

// Blocking on the writing side, as a shared standard output is.
Pipe blocking_pipe() {
  int fds[2];
  EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
  fcntl(fds[0], F_SETFL, O_NONBLOCK);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::string read_all(int fd) {
  std::string all;
  char buffer[65536];
  for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) {
    all.append(buffer, static_cast<std::size_t>(n));
  }
  return all;
}

TEST(Target, WritesLinesToAStream) {
  const Pipe pipe = blocking_pipe();
  Target target;
  target.open(UniqueFd(pipe.write_end.get()), Target::Kind::kStream);
  target.push("one\n");
  target.push("two\n");
  EXPECT_EQ(target.flush(), 8U);
  EXPECT_EQ(read_all(pipe.read_end.get()), "one\ntwo\n");
  target.close();  // must leave the shared descriptor open
  EXPECT_EQ(write(pipe.write_end.get(), "x", 1), 1);
}

// If flush() blocked, this test would hang.
TEST(Target, AFullBlockingPipeIsNotWaitedForAndNothingIsTorn) {
  const Pipe pipe = blocking_pipe();
  Target target;
  target.open(UniqueFd(pipe.write_end.get()), Target::Kind::kStream);
  const std::string line = std::string(99, 'x') + "\n";
  std::size_t pushed = 0;
  for (; pushed < 20'000; ++pushed) target.push(line);
  const std::uint64_t kept = kMaxPending / line.size();
  EXPECT_EQ(target.pending(), kept * line.size());
  EXPECT_LE(target.flush(), 65536U);
  EXPECT_EQ(target.flush(), 0U);
  EXPECT_GT(target.pending(), kMaxPending / 2);
  EXPECT_FALSE(target.has_gap()) << "not before there is room again";

  std::string all;
  while (target.pending() > 0) {
    all += read_all(pipe.read_end.get());
    target.flush();
  }
  all += read_all(pipe.read_end.get());
  EXPECT_EQ(all.size(), kept * line.size());
  EXPECT_TRUE(target.has_gap());
  target.push("lost as well: the gap is one\n");
  EXPECT_EQ(target.take_dropped(), pushed - kept + 1);
  target.push("kept\n");
  target.flush();
  EXPECT_EQ(read_all(pipe.read_end.get()), "kept\n");
}

TEST(Target, LinesLongerThanAPipeWriteArriveWhole) {
  const Pipe pipe = blocking_pipe();
  Target target;
  target.open(UniqueFd(pipe.write_end.get()), Target::Kind::kStream);
  const std::string line = std::string(20'000, 'x') + "\n";
  target.push(line);
  target.push("short\n");
  while (target.flush() > 0) {
  }
  EXPECT_EQ(read_all(pipe.read_end.get()), line + "short\n");
}

TEST(Target, WhatCameBeforeTheFileIsOpenIsKept) {
  Target target;
  target.push("early\n");
  EXPECT_EQ(target.flush(), 0U);
  const Pipe pipe = blocking_pipe();
  target.open(UniqueFd(dup(pipe.write_end.get())), Target::Kind::kFile);
  target.flush();
  EXPECT_EQ(read_all(pipe.read_end.get()), "early\n");
}

TEST(Target, TheRestOfATornLineDoesNotGoToTheNextFile) {
  const Pipe small = blocking_pipe();
  fcntl(small.write_end.get(), F_SETFL, O_NONBLOCK);
  ASSERT_EQ(fcntl(small.write_end.get(), F_SETPIPE_SZ, 4096), 4096);
  Target target;
  target.open(UniqueFd(dup(small.write_end.get())), Target::Kind::kFile);
  target.push(std::string(10'000, 'x') + "\n");
  target.push("next\n");
  EXPECT_EQ(target.flush(), 4096U);
  const Pipe other = blocking_pipe();
  target.open(UniqueFd(dup(other.write_end.get())), Target::Kind::kFile);
  target.flush();
  EXPECT_EQ(read_all(other.read_end.get()), "next\n");
  EXPECT_EQ(target.take_dropped(), 1U);
}

TEST(Target, AFullDiskIsAnErrorThatPasses) {
  Target target;
  target.open(UniqueFd(open("/dev/full", O_WRONLY | O_CLOEXEC)), Target::Kind::kFile);
  target.push("line\n");
  EXPECT_EQ(target.flush(), 0U);
  EXPECT_EQ(target.error(), ENOSPC);
  EXPECT_EQ(target.pending(), 5U);
  target.open(UniqueFd(open("/dev/null", O_WRONLY | O_CLOEXEC)), Target::Kind::kFile);
  EXPECT_EQ(target.flush(), 5U);
  EXPECT_EQ(target.error(), 0);
}

}  // namespace
}  // namespace gatehouse::logger
