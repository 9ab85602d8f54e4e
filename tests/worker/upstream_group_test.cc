// SPDX-License-Identifier: Apache-2.0
#include "worker/upstream_group.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/metrics_page.h"

namespace gatehouse::worker {
namespace {

using Index = UpstreamGroup::Index;

struct UpstreamGroupTest : ::testing::Test {
  void SetUp() override {
    auto made = EpollPoller::make();
    ASSERT_TRUE(made);
    poller = std::make_unique<EpollPoller>(std::move(*made));
    int fds[2];
    ASSERT_EQ(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    reader.reset(fds[0]);
    log = std::make_unique<LogPipe>(UniqueFd(fds[1]), poller.get(), &metrics);
    wire::ConfigUpstream config;
    config.set_name("app");
    config.set_fails(2);
    config.set_down_ms(1000);
    for (std::uint32_t id = 10; id < 13; ++id) {
      auto* server = config.add_servers();
      server->set_id(id);
      server->set_address(std::string("\xc0\0\2\1", 4));
      server->set_port(id);
    }
    group = std::make_unique<UpstreamGroup>(config, log.get());
  }
  // The next one, or -1.
  int pick(std::uint64_t now_ms, std::vector<Index> tried = {}) {
    const auto server = group->pick(tried, now_ms);
    return server ? *server : -1;
  }
  // Octets that wait for the logger.
  std::string logged() {
    log->flush(false);
    char bytes[4096];
    const ssize_t n = read(reader.get(), bytes, sizeof bytes);
    return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : std::string();
  }

  std::unique_ptr<EpollPoller> poller;
  MetricsPage metrics{};
  UniqueFd reader;
  std::unique_ptr<LogPipe> log;
  std::unique_ptr<UpstreamGroup> group;
};

TEST_F(UpstreamGroupTest, RoundRobin) {
  EXPECT_EQ(group->id(0), 10u);
  for (const int wanted : {0, 1, 2, 0, 1}) EXPECT_EQ(pick(0), wanted);
  EXPECT_EQ(pick(0, {2, 0}), 1);
  EXPECT_EQ(pick(0, {0, 1, 2}), -1);
}

TEST_F(UpstreamGroupTest, FailuresInARowMakeAServerDownForATime) {
  group->note_failure(1, "no connection", 5000);
  group->note_success(1);
  group->note_failure(1, "no connection", 5000);
  EXPECT_EQ(logged(), "");
  group->note_failure(1, "no connection", 5000);
  EXPECT_NE(logged().find("upstream app: server 192.0.2.1:11 is down: no connection, failure 2"),
            std::string::npos);
  for (const int wanted : {0, 2, 0, 2}) EXPECT_EQ(pick(5999), wanted);
  EXPECT_EQ(pick(6000), 0);
  EXPECT_EQ(pick(6000), 1);
  // One more is enough then, and is no news.
  group->note_failure(1, "no connection", 6000);
  EXPECT_EQ(logged(), "");
  for (const int wanted : {2, 0, 2}) EXPECT_EQ(pick(6999), wanted);
  EXPECT_EQ(pick(7000), 0);
  EXPECT_EQ(pick(7000), 1);
  group->note_success(1);
  EXPECT_NE(logged().find("is up again"), std::string::npos);
  group->note_failure(1, "no connection", 7000);
  for (const int wanted : {2, 0, 1}) EXPECT_EQ(pick(7000), wanted);
}

TEST_F(UpstreamGroupTest, WhereAllAreDownTheFirstToComeBackIsTried) {
  for (const Index server : {Index{2}, Index{0}, Index{1}}) {
    for (int i = 0; i < 2; ++i) group->note_failure(server, "no connection", 100u - server);
  }
  EXPECT_EQ(pick(200), 2);
  EXPECT_EQ(pick(200), 2);
  EXPECT_EQ(pick(200, {2}), -1);  // a second attempt is not worth it
}

}  // namespace
}  // namespace gatehouse::worker
