// SPDX-License-Identifier: Apache-2.0
#include "worker/parent_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "ipc/codec.h"

namespace gatehouse::worker {
namespace {

struct Asker final : ParentAnswer {
  void on_connected(Ticket t, UniqueFd fd) override {
    ticket = t, upstream = std::move(fd), ++answers;
  }
  void on_refused(Ticket t, wire::Refused::Reason r) override { ticket = t, reason = r, ++answers; }
  void on_connect_failed(Ticket t, int e) override { ticket = t, error = e, ++answers; }
  void on_resolved(const wire::Resolved& r) override { grants = r.grants_size(), ++answers; }
  void on_verified(wire::Verified::Result r) override { verified = r, ++answers; }
  Ticket ticket = 0;
  int grants = 0;
  wire::Verified::Result verified = wire::Verified::UNKNOWN;
  UniqueFd upstream;
  int answers = 0, error = 0;
  wire::Refused::Reason reason = wire::Refused::UNSPECIFIED;
};

struct Orders final : ParentOrders {
  void on_arm(std::uint32_t listener, std::uint32_t, UniqueFd fd) override {
    armed = listener;
    armed_fd = std::move(fd);
  }
  void on_disarm(std::uint32_t listener) override { disarmed = listener; }
  void on_drain(std::uint32_t ms, bool) override { within = ms; }
  void on_new_policy(UniqueFd, UniqueFd) override {}
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
  // Every request the worker has sent, each with its evidence, and in how many messages.
  std::vector<wire::Request> sent() {
    std::vector<wire::Request> result;
    batches = 0;
    while (ipc::receive(parent.get(), &message, ipc::kMaxFds) == ipc::Receive::kMessage) {
      wire::FromWorker from;
      EXPECT_TRUE(ipc::decode(message.bytes(), &from));
      const auto& requests = from.requests().requests();
      EXPECT_EQ(message.fd_count, static_cast<std::size_t>(requests.size()));
      for (const wire::Request& request : requests) result.push_back(request);
      for (std::size_t i = 0; i < message.fd_count; ++i) last_fd = std::move(message.fds[i]);
      ++batches;
    }
    return result;
  }
  void say(const wire::Reply& reply, int fd = -1) {
    wire::ToWorker to;
    *to.mutable_replies()->add_replies() = reply;
    say(to, fd);
  }
  void say(const wire::ToWorker& to, int fd = -1) {
    ASSERT_EQ(ipc::send_message(parent.get(), to, {&fd, static_cast<std::size_t>(fd >= 0 ? 1 : 0)}),
              ipc::Send::kSent);
    poller->dispatch();
  }
  std::unique_ptr<EpollPoller> poller;
  UniqueFd parent, evidence, last_fd;
  int batches = 0;
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
  wire::Reply answer;
  answer.set_id(messages[0].id());
  answer.mutable_connected();
  say(answer, evidence.get());
  EXPECT_EQ(asker.answers, 1);
  EXPECT_TRUE(asker.upstream.valid());
  EXPECT_EQ(client->outstanding(), 0u);
}

TEST_F(ParentClientTest, EachAnswerReachesItsAsker) {
  Asker refused, failed, name;
  client->connect(evidence.get(), &refused);
  client->connect(evidence.get(), &failed);
  client->resolve(evidence.get(), "a.test", &name);
  client->flush();
  for (const auto& m : sent()) {
    wire::Reply answer;
    answer.set_id(m.id());
    static int count = 0;
    if (m.has_resolve()) {
      answer.mutable_refused()->set_reason(wire::Refused::NAME);
    } else if (count++ == 0) {
      answer.mutable_refused()->set_reason(wire::Refused::QUOTA);
    } else {
      answer.mutable_failed()->set_error(ECONNREFUSED);
    }
    say(answer);
  }
  EXPECT_EQ(refused.reason, wire::Refused::QUOTA);
  EXPECT_EQ(failed.error, ECONNREFUSED);
  EXPECT_EQ(name.reason, wire::Refused::NAME);
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
  wire::Reply answer;
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
  wire::Reply answer;
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

TEST_F(ParentClientTest, NeverMoreThanSixtyFourOutstanding) {
  std::vector<Asker> askers(200);
  for (Asker& asker : askers) client->connect(evidence.get(), &asker);
  client->flush();
  client->flush();
  auto messages = sent();
  ASSERT_EQ(messages.size(), ParentClient::kMaxOutstanding);
  std::size_t total = messages.size();
  while (!messages.empty()) {
    wire::Reply answer;
    for (const auto& m : messages) {
      answer.set_id(m.id());
      answer.mutable_failed()->set_error(1);
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
  wire::Reply answer;
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

ino_t file_behind(int fd) {
  struct stat status {};
  EXPECT_EQ(fstat(fd, &status), 0);
  return status.st_ino;
}

// Sixteen a message, each request with its own client.
TEST_F(ParentClientTest, BatchesKeepEachClientWithItsRequest) {
  std::vector<Asker> askers(40);
  std::vector<UniqueFd> clients;
  std::map<Ticket, ino_t> asked;
  for (Asker& asker : askers) {
    clients.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    asked[client->connect(clients.back().get(), &asker)] = file_behind(clients.back().get());
  }
  client->flush();
  std::vector<std::size_t> sizes;
  while (ipc::receive(parent.get(), &message, ipc::kMaxFds) == ipc::Receive::kMessage) {
    wire::FromWorker from;
    ASSERT_TRUE(ipc::decode(message.bytes(), &from));
    sizes.push_back(message.fd_count);
    for (std::size_t i = 0; i < message.fd_count; ++i) {
      const Ticket ticket = from.requests().requests(static_cast<int>(i)).id();
      EXPECT_EQ(asked[ticket], file_behind(message.fds[i].get()));
      asked.erase(ticket);
    }
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{16, 16, 8}));
  EXPECT_TRUE(asked.empty());
}

// The n-th Connected owns the n-th descriptor, whatever stands between them.
TEST_F(ParentClientTest, RepliesOfABatchReachTheirAskersWithTheirSockets) {
  std::vector<Asker> askers(5);
  for (Asker& asker : askers) client->connect(evidence.get(), &asker);
  client->flush();
  const auto requests = sent();
  ASSERT_EQ(batches, 1);
  std::vector<UniqueFd> sockets;
  std::vector<int> fds;
  wire::ToWorker to;
  for (std::size_t i = requests.size(); i-- > 0;) {  // in another order than asked
    wire::Reply& reply = *to.mutable_replies()->add_replies();
    reply.set_id(requests[i].id());
    if (i % 2 == 1) {
      reply.mutable_failed()->set_error(static_cast<int>(i));
      continue;
    }
    reply.mutable_connected();
    sockets.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    fds.push_back(sockets.back().get());
  }
  ASSERT_EQ(ipc::send_message(parent.get(), to, fds), ipc::Send::kSent);
  poller->dispatch();
  EXPECT_EQ(orders.gone, 0);
  for (std::size_t i = 0; i < askers.size(); ++i) {
    EXPECT_EQ(askers[i].ticket, requests[i].id());
    if (i % 2 == 1) {
      EXPECT_EQ(askers[i].error, static_cast<int>(i));
    } else {
      EXPECT_EQ(file_behind(askers[i].upstream.get()), file_behind(fds[2 - i / 2]));
    }
  }
}

TEST_F(ParentClientTest, MoreOrFewerSocketsThanConnectedEndTheWorker) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{3}}) {
    std::vector<Asker> askers(2);
    for (Asker& asker : askers) client->connect(evidence.get(), &asker);
    client->flush();
    wire::ToWorker to;
    for (const wire::Request& request : sent()) {
      wire::Reply& reply = *to.mutable_replies()->add_replies();
      reply.set_id(request.id());
      reply.mutable_connected();
    }
    const std::vector<int> fds(count, evidence.get());
    const int before = orders.gone;
    ASSERT_EQ(ipc::send_message(parent.get(), to, fds), ipc::Send::kSent);
    poller->dispatch();
    EXPECT_EQ(orders.gone, before + 1) << count;
  }
}

// What doesn't fit into one message goes with the next; a name too long for DNS is asked cut off,
// which is refused all the same.
TEST_F(ParentClientTest, LongNamesTakeMoreMessages) {
  const std::string name(9000, 'a');
  std::vector<Asker> askers(ipc::kMaxFds);
  for (Asker& asker : askers) client->resolve(evidence.get(), name, &asker);
  client->flush();
  const auto requests = sent();
  EXPECT_EQ(requests.size(), askers.size());
  EXPECT_GT(batches, 1);
  for (const wire::Request& request : requests) EXPECT_EQ(request.resolve().name().size(), 254u);
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
  wire::Reply answer;
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
