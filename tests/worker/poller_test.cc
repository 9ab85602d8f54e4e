// SPDX-License-Identifier: Apache-2.0
#include "worker/poller.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>

namespace gatehouse::worker {
namespace {

struct Recorder final : EventHandler {
  void on_events(unsigned tag, Events events) override {
    ++calls;
    last_tag = tag;
    last = events;
    if (action) action();
  }
  int calls = 0;
  unsigned last_tag = 99;
  Events last;
  std::function<void()> action;
};

struct PollerTest : ::testing::Test {
  void SetUp() override {
    auto made = EpollPoller::make();
    ASSERT_TRUE(made);
    poller = std::make_unique<EpollPoller>(std::move(*made));
  }
  static std::array<UniqueFd, 2> pair() {
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
  }
  std::unique_ptr<EpollPoller> poller;
  Recorder recorder;
};

TEST_F(PollerTest, TellsOncePerEdgeAndWithTag) {
  auto [a, b] = pair();
  PollSlot slot = poller->add(a.get(), Poller::Interest::kStream, &recorder, 7);
  ASSERT_TRUE(slot.valid());
  EXPECT_EQ(poller->dispatch(), 1);  // writable
  EXPECT_EQ(recorder.last_tag, 7u);
  EXPECT_TRUE(recorder.last.writable);
  EXPECT_FALSE(recorder.last.readable);
  EXPECT_EQ(poller->dispatch(), 0);
  ASSERT_EQ(write(b.get(), "x", 1), 1);
  EXPECT_EQ(poller->dispatch(), 1);
  EXPECT_TRUE(recorder.last.readable);
  EXPECT_FALSE(recorder.last.peer_closed);
  EXPECT_EQ(poller->dispatch(), 0);  // the octet is still there, but it is no news
  shutdown(b.get(), SHUT_WR);
  EXPECT_EQ(poller->dispatch(), 1);
  EXPECT_TRUE(recorder.last.peer_closed);
  EXPECT_FALSE(recorder.last.broken);
}

TEST_F(PollerTest, ReleasedSlotHearsNothingEvenWhileACopyIsOpen) {
  auto [a, b] = pair();
  const UniqueFd copy(dup(a.get()));
  PollSlot slot = poller->add(a.get(), Poller::Interest::kStream, &recorder, 0);
  poller->release(&slot);
  EXPECT_FALSE(slot.valid());
  a.reset();
  Recorder other;
  auto [c, d] = pair();
  PollSlot reused = poller->add(c.get(), Poller::Interest::kStream, &other, 0);
  ASSERT_EQ(write(b.get(), "x", 1), 1);
  poller->dispatch();
  EXPECT_EQ(recorder.calls, 0);
  EXPECT_EQ(other.calls, 1);
  EXPECT_FALSE(other.last.readable);  // its own writability, not the stale octet
  EXPECT_EQ(poller->slots(), 1u);     // the slot was used again
  poller->release(&reused);
}

TEST_F(PollerTest, HandlerMayReleaseOthersOfTheSameBatch) {
  auto [a, b] = pair();
  auto [c, d] = pair();
  Recorder second;
  PollSlot one = poller->add(a.get(), Poller::Interest::kStream, &recorder, 0);
  PollSlot two = poller->add(c.get(), Poller::Interest::kStream, &second, 0);
  recorder.action = [&] { poller->release(&two); };
  second.action = [&] { poller->release(&one); };
  EXPECT_EQ(poller->dispatch(), 2);
  EXPECT_EQ(recorder.calls + second.calls, 1);
  poller->release(&one);
  poller->release(&two);
}

TEST_F(PollerTest, RemovedListenerIsSilentThoughACopyStaysOpen) {
  auto [a, b] = pair();
  const UniqueFd copy(dup(a.get()));
  ASSERT_EQ(write(b.get(), "x", 1), 1);
  PollSlot slot = poller->add(a.get(), Poller::Interest::kListener, &recorder, 0);
  EXPECT_EQ(poller->dispatch(), 1);
  EXPECT_EQ(poller->dispatch(), 1);  // level-triggered
  poller->remove(a.get(), &slot);
  EXPECT_EQ(poller->dispatch(), 0);
}

TEST_F(PollerTest, RefusesWhatCantBeWatched) {
  const PollSlot slot = poller->add(-1, Poller::Interest::kStream, &recorder, 0);
  EXPECT_FALSE(slot.valid());
}

}  // namespace
}  // namespace gatehouse::worker
