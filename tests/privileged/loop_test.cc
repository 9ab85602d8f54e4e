// SPDX-License-Identifier: Apache-2.0
#include "privileged/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace gatehouse::privileged {
namespace {

struct Pair {
  UniqueFd a, b;
};
Pair make_pair() {
  int fds[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}
void poke(const UniqueFd& fd) { ASSERT_EQ(write(fd.get(), "x", 1), 1); }
void turn(Loop& loop) { loop.wait(Clock::now() + std::chrono::milliseconds(20)); }

class LoopTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = Loop::make();
    ASSERT_TRUE(made);
    loop_ = std::move(*made);
  }
  Loop loop_;
};

TEST_F(LoopTest, CallsTheHandlerOfWhatIsReady) {
  const Pair one = make_pair(), two = make_pair();
  int first = 0, second = 0;
  ASSERT_TRUE(loop_.add(one.a.get(), EPOLLIN, [&](std::uint32_t events) {
    EXPECT_EQ(events, static_cast<std::uint32_t>(EPOLLIN));
    ++first;
  }));
  ASSERT_TRUE(loop_.add(two.a.get(), EPOLLIN, [&](std::uint32_t) { ++second; }));
  turn(loop_);
  EXPECT_EQ(first + second, 0);
  poke(one.b);
  turn(loop_);
  turn(loop_);  // level-triggered
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 0);
}

// Both are ready in one turn; the first handler that runs removes both, and the descriptor number
// is taken by a new watch before the second event is looked at.
TEST_F(LoopTest, AnEventOfARemovedWatchReachesNobody) {
  Pair one = make_pair(), two = make_pair();
  int old_calls = 0, new_calls = 0;
  const auto replace = [&](std::uint32_t) {
    ++old_calls;
    loop_.remove(one.a.get());
    loop_.remove(two.a.get());
    for (Pair* pair : {&one, &two}) {
      ASSERT_TRUE(loop_.add(pair->a.get(), EPOLLOUT, [&](std::uint32_t events) {
        EXPECT_EQ(events & EPOLLOUT, static_cast<std::uint32_t>(EPOLLOUT));
        ++new_calls;
      }));
    }
  };
  ASSERT_TRUE(loop_.add(one.a.get(), EPOLLIN, replace));
  ASSERT_TRUE(loop_.add(two.a.get(), EPOLLIN, replace));
  poke(one.b);
  poke(two.b);
  turn(loop_);
  EXPECT_EQ(old_calls, 1);
  EXPECT_EQ(new_calls, 0);
  turn(loop_);
  EXPECT_EQ(old_calls, 1);
  EXPECT_EQ(new_calls, 2);
}

TEST_F(LoopTest, AHandlerMayRemoveItselfAndCloseItsDescriptor) {
  Pair pair = make_pair();
  int calls = 0;
  ASSERT_TRUE(loop_.add(pair.a.get(), EPOLLIN, [&](std::uint32_t) {
    ++calls;
    loop_.remove(pair.a.get());
    pair.a.reset();
  }));
  poke(pair.b);
  turn(loop_);
  turn(loop_);
  EXPECT_EQ(calls, 1);
}

// A failed add must not cut off the watch that is there.
TEST_F(LoopTest, AWatchSurvivesAFailedAdd) {
  const Pair pair = make_pair();
  int calls = 0;
  ASSERT_TRUE(loop_.add(pair.a.get(), EPOLLIN, [&](std::uint32_t) { ++calls; }));
  EXPECT_FALSE(loop_.add(pair.a.get(), EPOLLIN, [](std::uint32_t) { FAIL(); }));
  poke(pair.b);
  turn(loop_);
  EXPECT_EQ(calls, 1);
}

TEST_F(LoopTest, WaitsUntilTheDeadlineAndNotLonger) {
  const TimePoint start = Clock::now();
  loop_.wait(start - std::chrono::seconds(1));  // over already: only looks
  EXPECT_LT(Clock::now() - start, std::chrono::milliseconds(50));
  loop_.wait(start + std::chrono::milliseconds(60));
  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(60));
}

TEST_F(LoopTest, WhatCannotBeWatchedIsAnError) {
  const UniqueFd file(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(loop_.add(file.get(), EPOLLIN, [](std::uint32_t) {}));
}

}  // namespace
}  // namespace gatehouse::privileged
