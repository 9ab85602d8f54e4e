// SPDX-License-Identifier: Apache-2.0
#include "resolver/parent_channel.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>

#include "ipc/codec.h"

namespace gatehouse::resolver {
namespace {

wire::FromResolver answer(std::uint64_t id) {
  wire::FromResolver message;
  message.mutable_answer()->set_id(id);
  return message;
}

std::uint32_t events_of(int epoll) {
  epoll_event event{};
  return epoll_wait(epoll, &event, 1, 0) == 1 ? event.events : 0;
}

TEST(ParentChannel, LosesNothingWhenTheParentDoesNotReadForAWhile) {
  auto pair = ipc::make_pair();
  ASSERT_TRUE(pair);
  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  ParentChannel channel(pair->ours.get(), epoll.get(), 1);
  ASSERT_TRUE(channel.usable());
  constexpr std::uint64_t kMessages = 5000;
  for (std::uint64_t id = 1; id <= kMessages; ++id) channel.say(answer(id));
  EXPECT_TRUE(channel.backed_up());
  EXPECT_FALSE(events_of(epoll.get()) & EPOLLIN);

  ipc::Message message;
  wire::FromResolver from;
  for (std::uint64_t id = 1; id <= kMessages;) {
    const auto received = ipc::receive(pair->theirs.get(), &message, 0);
    if (received == ipc::Receive::kEmpty) {
      ASSERT_TRUE(events_of(epoll.get()) & EPOLLOUT) << "it is told that there is room";
      ASSERT_TRUE(channel.flush());
      continue;
    }
    ASSERT_EQ(received, ipc::Receive::kMessage);
    ASSERT_TRUE(ipc::decode(message.bytes(), &from));
    ASSERT_EQ(from.answer().id(), id++) << "in order";
  }
  EXPECT_TRUE(channel.flush());
  EXPECT_FALSE(channel.backed_up());
  EXPECT_EQ(events_of(epoll.get()), 0U);
  ASSERT_EQ(ipc::send_message(pair->theirs.get(), answer(1)), ipc::Send::kSent);
  EXPECT_TRUE(events_of(epoll.get()) & EPOLLIN) << "it reads again";
}

TEST(ParentChannel, KnowsThatTheParentIsGone) {
  auto pair = ipc::make_pair();
  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  ParentChannel channel(pair->ours.get(), epoll.get(), 1);
  pair->theirs.reset();
  channel.say(answer(1));
  EXPECT_TRUE(channel.gone());
  EXPECT_FALSE(channel.flush());
}

}  // namespace
}  // namespace gatehouse::resolver
