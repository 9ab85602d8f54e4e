// SPDX-License-Identifier: Apache-2.0
// How the parent's answers leave: with their sockets, and where the kernel takes no more of those.
#include "privileged/broker.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc/codec.h"
#include "tests/privileged/sockets.h"

namespace gatehouse::privileged {
namespace {

// While it lives more descriptors of this user are on their way than RLIMIT_NOFILE, and this
// process has no right to exceed that (unix(7), ETOOMANYREFS).
class Crowded {
 public:
  Crowded() {
    constexpr rlim_t kLimit = 256;
    auto pair = ipc::make_pair();
    EXPECT_TRUE(pair);
    pair_ = std::move(*pair);
    std::array<int, ipc::kMaxFds> fds;
    fds.fill(pair_.ours.get());
    for (rlim_t sent = 0; sent <= kLimit; sent += fds.size()) {
      EXPECT_EQ(ipc::send(pair_.ours.get(), "x", fds), ipc::Send::kSent);
    }
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit_), 0);
    const rlimit low{kLimit, limit_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    EXPECT_EQ(syscall(SYS_capget, &header_, capabilities_.data()), 0);
    auto fewer = capabilities_;
    fewer[0].effective &= ~(1u << CAP_SYS_ADMIN | 1u << CAP_SYS_RESOURCE);
    EXPECT_EQ(syscall(SYS_capset, &header_, fewer.data()), 0);
  }
  ~Crowded() {
    EXPECT_EQ(syscall(SYS_capset, &header_, capabilities_.data()), 0);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit_), 0);
  }

 private:
  ipc::Pair pair_;
  rlimit limit_{};
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> capabilities_{};
};

class BrokerTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kServer = 7, kUnknown = 8;

  BrokerTest() {
    const Endpoint server = *local_endpoint(server_.get());
    settings_.listeners.emplace_back();
    settings_.listeners[0].mode = Mode::kReverse;
    settings_.listeners[0].endpoint = *local_endpoint(listener_.get());
    settings_.clients = {{loopback(AF_INET), 8}};
    settings_.servers[kServer] = {server, false};
    settings_.connect_timeout = std::chrono::seconds(1);
    settings_.quota_burst = settings_.quota_per_second = 100;
    broker_.emplace(
        loop_, log_, resolver_, Floor({{}, {server}}),
        [this](WorkerHandle&, std::string_view why) { violation_ = why; },
        [this](std::uint32_t) { return &worker_; });
    broker_->configure(&settings_, netns_cookie(listener_.get()));
    auto pair = ipc::make_pair();
    EXPECT_TRUE(pair);
    worker_.child = 1;
    worker_.mode = Mode::kReverse;
    worker_.started_with = worker_.policy = std::make_shared<const Settings>(settings_);
    worker_.phase = Phase::kArmed;
    worker_.channel = std::move(pair->ours);
    channel_ = std::move(pair->theirs);
  }

  void ask(std::uint64_t id, std::uint32_t server) {
    wire::Request request;
    request.set_id(id);
    request.mutable_connect()->mutable_configured_endpoint()->set_id(server);
    broker_->handle(worker_, request, UniqueFd(dup(accepted_.get())));
  }
  // Ends the turn, and further ones until all are answered.
  void finish() {
    broker_->finish_turn();
    const TimePoint until = Clock::now() + std::chrono::seconds(2);
    while (!worker_.outstanding.empty() && Clock::now() < until) {
      loop_.wait(until);
      broker_->finish_turn();
    }
  }
  // What the worker finds in its channel.
  wire::Replies answers(std::size_t sockets) {
    wire::ToWorker received;
    EXPECT_EQ(ipc::receive(channel_.get(), &message_, ipc::kMaxFds), ipc::Receive::kMessage);
    EXPECT_TRUE(ipc::decode(message_.bytes(), &received));
    EXPECT_EQ(message_.fd_count, sockets);
    return received.replies();
  }

  UniqueFd listener_ = make_listener(AF_INET, true), server_ = make_listener(AF_INET, false);
  UniqueFd client_ = connect_to(listener_), accepted_ = accept_from(listener_);
  Loop loop_ = std::move(*Loop::make());
  EventLog log_;
  ResolverLink resolver_{loop_, log_, -1};
  Settings settings_;
  WorkerHandle worker_;
  UniqueFd channel_;
  std::string violation_;
  ipc::Message message_;
  std::optional<Broker> broker_;
};

TEST_F(BrokerTest, AnswersTakeTheirSocketsAlong) {
  ask(1, kServer);
  ask(2, kUnknown);
  ask(3, kServer);
  finish();
  const wire::Replies replies = answers(2);
  ASSERT_EQ(replies.replies_size(), 3);
  for (const wire::Reply& reply : replies.replies()) {
    EXPECT_EQ(reply.has_connected(), reply.id() != 2);
    EXPECT_EQ(reply.has_refused(), reply.id() == 2);
  }
  EXPECT_EQ(local_endpoint(accept_from(server_).get()), local_endpoint(server_.get()));
  EXPECT_EQ(broker_->counters().connects, 2u);
  EXPECT_EQ(violation_, "");
}

// Others of its user may have filled the kernel's account: that is not the worker's fault, and it
// learns at once that it gets no connection.
TEST_F(BrokerTest, WhereNoDescriptorCanTravelConnectsFailAndTheWorkerLives) {
  {
    const Crowded crowded;
    ask(1, kServer);
    ask(2, kUnknown);
    ask(3, kServer);
    finish();
  }
  EXPECT_EQ(violation_, "");
  const wire::Replies replies = answers(0);
  ASSERT_EQ(replies.replies_size(), 3);
  for (const wire::Reply& reply : replies.replies()) {
    EXPECT_EQ(reply.failed().error(), reply.id() == 2 ? 0 : ENOBUFS);
    EXPECT_EQ(reply.has_refused(), reply.id() == 2);
  }
  EXPECT_EQ(broker_->counters().connects, 0u);
  // The connections that could not be handed over are closed, not kept.
  const UniqueFd at_server = accept_from(server_);
  EXPECT_TRUE(ready(at_server, POLLIN | POLLHUP, 1000));
  ask(4, kServer);
  finish();
  EXPECT_TRUE(answers(1).replies(0).has_connected());
}

}  // namespace
}  // namespace gatehouse::privileged
