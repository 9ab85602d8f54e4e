// SPDX-License-Identifier: Apache-2.0
#include "worker/parent_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <vector>

#include "ipc/codec.h"

namespace gatehouse::worker {
namespace {

struct Asker final : ParentAnswer, ResetAnswer {
  void on_connected(Ticket t, UniqueFd fd) override {
    ticket = t, upstream = std::move(fd), ++answers;
  }
  void on_refused(Ticket t, wire::Refused::Reason r) override { ticket = t, reason = r, ++answers; }
  void on_connect_failed(Ticket t, int e) override { ticket = t, error = e, ++answers; }
  void on_resolved(const wire::Resolved& r) override { grants = r.grants_size(), ++answers; }
  void on_verified(wire::Verified::Result r) override { verified = r, ++answers; }
  void on_reset_done() override { reset = true, ++answers; }
  Ticket ticket = 0;
  int grants = 0;
  wire::Verified::Result verified = wire::Verified::UNKNOWN;
  UniqueFd upstream;
  int answers = 0, error = 0;
  bool reset = false;
  wire::Refused::Reason reason = wire::Refused::UNSPECIFIED;
};

struct Orders final : ParentOrders {
  void on_arm(std::uint32_t listener, std::uint32_t, UniqueFd fd) override {
    armed = listener;
    armed_fd = std::move(fd);
  }
  void on_disarm(std::uint32_t listener) override { disarmed = listener; }
  void on_drain(std::uint32_t ms, bool) override { within = ms; }
  void on_parent_gone() override { ++gone; }
  std::uint32_t armed = 0, disarmed = 0, within = 0;
  UniqueFd armed_fd;
  int gone = 0;
};

struct ParentClientTest : ::testing::Test {
  void SetUp() override {
    auto made = EpollPoller::make();
    ASSERT_TRUE(made);
    poller = std::make_unique<EpollPoller>(std::move(*made));
    auto pair = ipc::make_pair();
    ASSERT_TRUE(pair);
    parent = std::move(pair->ours);
    client = std::make_unique<ParentClient>(std::move(pair->theirs), poller.get(), &orders);
    evidence.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  }
  // Everything the worker has sent.
  std::vector<wire::FromWorker> sent() {
    std::vector<wire::FromWorker> result;
    while (ipc::receive(parent.get(), &message, 1) == ipc::Receive::kMessage) {
      result.emplace_back();
      EXPECT_TRUE(ipc::decode(message.bytes(), &result.back()));
      if (message.fd_count == 1) last_fd = std::move(message.fds[0]);
    }
    return result;
  }
  void say(const wire::ToWorker& to, int fd = -1) {
    ASSERT_EQ(ipc::send_message(parent.get(), to, {&fd, static_cast<std::size_t>(fd >= 0 ? 1 : 0)}),
              ipc::Send::kSent);
    poller->dispatch();
  }
  std::unique_ptr<EpollPoller> poller;
  UniqueFd parent, evidence, last_fd;
  Orders orders;
  std::unique_ptr<ParentClient> client;
  ipc::Message message;
};

TEST_F(ParentClientTest, AsksAtTheEndOfTheTurnWithTheClientAsEvidence) {
  Asker asker;
  client->connect(evidence.get(), &asker);
  EXPECT_TRUE(sent().empty());
  client->flush();
  const auto messages = sent();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(messages[0].connect().has_client_destination());
  struct stat ours {
  }, theirs{};
  ASSERT_EQ(fstat(evidence.get(), &ours), 0);
  ASSERT_EQ(fstat(last_fd.get(), &theirs), 0);
  EXPECT_EQ(ours.st_ino, theirs.st_ino);
  wire::ToWorker answer;
  answer.set_id(messages[0].id());
  answer.mutable_connected();
  say(answer, evidence.get());
  EXPECT_EQ(asker.answers, 1);
  EXPECT_TRUE(asker.upstream.valid());
  EXPECT_EQ(client->outstanding(), 0u);
}

TEST_F(ParentClientTest, EachAnswerReachesItsAsker) {
  Asker refused, failed, reset;
  client->connect(evidence.get(), &refused);
  client->connect(evidence.get(), &failed);
  client->reset(evidence.get(), &reset);
  client->flush();
  for (const auto& m : sent()) {
    wire::ToWorker answer;
    answer.set_id(m.id());
    static int count = 0;
    if (m.has_reset()) {
      answer.mutable_reset_done();
    } else if (count++ == 0) {
      answer.mutable_refused()->set_reason(wire::Refused::QUOTA);
    } else {
      answer.mutable_failed()->set_error(ECONNREFUSED);
    }
    say(answer);
  }
  EXPECT_EQ(refused.reason, wire::Refused::QUOTA);
  EXPECT_EQ(failed.error, ECONNREFUSED);
  EXPECT_TRUE(reset.reset);
  EXPECT_EQ(orders.gone, 0);
}

TEST_F(ParentClientTest, AsksForWhatEachModeMayAskFor) {
  Asker granted, server, name, host;
  const Ticket first = client->connect_granted(evidence.get(), 7, 8080, &granted);
  client->connect_server(evidence.get(), 3, &server);
  client->resolve(evidence.get(), "a.test", &name);
  client->resolve(evidence.get(), "b.test", &host);
  client->flush();
  const auto messages = sent();
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[0].id(), first);
  EXPECT_EQ(messages[0].connect().forward_grant().grant(), 7u);
  EXPECT_EQ(messages[0].connect().forward_grant().port(), 8080u);
  EXPECT_EQ(messages[1].connect().configured_endpoint().id(), 3u);
  EXPECT_EQ(messages[2].resolve().name(), "a.test");
  wire::ToWorker answer;
  answer.set_id(messages[2].id());
  answer.mutable_resolved()->add_grants()->set_grant(9);
  say(answer);
  EXPECT_EQ(name.grants, 1);
  answer.set_id(messages[3].id());
  answer.mutable_verified()->set_result(wire::Verified::MISMATCH);
  say(answer);
  EXPECT_EQ(host.verified, wire::Verified::MISMATCH);
  answer.set_id(messages[0].id());
  answer.mutable_failed()->set_error(1);
  say(answer);
  EXPECT_EQ(granted.ticket, first);
  EXPECT_EQ(server.answers, 0);
  EXPECT_EQ(orders.gone, 0);
}

TEST_F(ParentClientTest, AnswerOfAnotherKindEndsTheWorker) {
  Asker connect, name;
  client->connect(evidence.get(), &connect);
  client->resolve(evidence.get(), "a.test", &name);
  client->flush();
  const auto messages = sent();
  wire::ToWorker answer;
  answer.set_id(messages[0].id());
  answer.mutable_verified();
  say(answer);
  EXPECT_EQ(orders.gone, 1);
  answer.set_id(messages[1].id());
  answer.mutable_failed()->set_error(1);
  say(answer);
  EXPECT_EQ(orders.gone, 2);
  EXPECT_EQ(connect.answers + name.answers, 0);
}

TEST_F(ParentClientTest, SlowConnectsLeaveRoomForResets) {
  std::vector<Asker> askers(100);
  for (Asker& asker : askers) client->connect(evidence.get(), &asker);
  client->flush();
  EXPECT_EQ(sent().size(), ParentClient::kMaxOutstanding - ParentClient::kForResets);
  Asker reset;
  const Ticket ticket = client->reset(evidence.get(), &reset);
  EXPECT_FALSE(client->has_left(ticket));
  client->flush();
  EXPECT_TRUE(client->has_left(ticket));
  const auto messages = sent();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(messages[0].has_reset());
}

TEST_F(ParentClientTest, NeverMoreThanSixtyFourOutstanding) {
  std::vector<Asker> askers(200);
  for (std::size_t i = 0; i < askers.size(); ++i) {
    if (i % 2 == 0) {
      client->connect(evidence.get(), &askers[i]);
    } else {
      client->reset(evidence.get(), &askers[i]);
    }
  }
  client->flush();
  client->flush();
  auto messages = sent();
  ASSERT_EQ(messages.size(), ParentClient::kMaxOutstanding);
  std::size_t total = messages.size();
  while (!messages.empty()) {
    wire::ToWorker answer;
    for (const auto& m : messages) {
      answer.set_id(m.id());
      if (m.has_reset()) {
        answer.mutable_reset_done();
      } else {
        answer.mutable_failed()->set_error(1);
      }
      say(answer);
    }
    client->flush();
    messages = sent();
    EXPECT_LE(messages.size(), ParentClient::kMaxOutstanding);
    total += messages.size();
  }
  EXPECT_EQ(total, askers.size());
  for (const Asker& asker : askers) EXPECT_EQ(asker.answers, 1);
}

TEST_F(ParentClientTest, CancelledAskerHearsNothingAndItsSocketIsClosed) {
  Asker sent_one, queued;
  const auto ticket = client->connect(evidence.get(), &sent_one);
  client->flush();
  const auto other = client->connect(evidence.get(), &queued);
  client->cancel(ticket);
  client->cancel(other);
  client->flush();
  const auto messages = sent();
  ASSERT_EQ(messages.size(), 1u);  // the queued one never left
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  UniqueFd given(pair[0]), kept(pair[1]);
  wire::ToWorker answer;
  answer.set_id(messages[0].id());
  answer.mutable_connected();
  say(answer, given.get());
  given.reset();
  EXPECT_EQ(sent_one.answers + queued.answers, 0);
  char byte;
  // Closed with the message, at the latest when the next one is received.
  say([] {
    wire::ToWorker drain;
    drain.mutable_drain()->set_within_ms(1);
    return drain;
  }());
  EXPECT_EQ(read(kept.get(), &byte, 1), 0);
  EXPECT_EQ(orders.within, 1u);
}

TEST_F(ParentClientTest, OrdersArrive) {
  wire::ToWorker to;
  to.mutable_arm()->set_listener(5);
  say(to, evidence.get());
  EXPECT_EQ(orders.armed, 5u);
  EXPECT_TRUE(orders.armed_fd.valid());
  to.mutable_disarm()->set_listener(5);
  say(to);
  EXPECT_EQ(orders.disarmed, 5u);
  EXPECT_EQ(orders.gone, 0);
}

TEST_F(ParentClientTest, AnswerToNothingOrWithoutItsSocketEndsTheWorker) {
  wire::ToWorker answer;
  answer.set_id(17);
  answer.mutable_failed()->set_error(1);
  say(answer);
  EXPECT_EQ(orders.gone, 1);
  Asker asker;
  client->connect(evidence.get(), &asker);
  client->flush();
  answer.set_id(sent()[0].id());
  answer.mutable_connected();
  say(answer);
  EXPECT_EQ(orders.gone, 2);
  EXPECT_EQ(asker.answers, 0);
}

TEST_F(ParentClientTest, EndOfTheChannelEndsTheWorker) {
  parent.reset();
  poller->dispatch();
  EXPECT_EQ(orders.gone, 1);
}

}  // namespace
}  // namespace gatehouse::worker
