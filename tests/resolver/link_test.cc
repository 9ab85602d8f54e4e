// SPDX-License-Identifier: Apache-2.0
// The parent's link to the resolver, with a spawner of the test that starts the real executable.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <optional>

#include "ipc/codec.h"
#include "privileged/resolver_link.h"
#include "proto/spawner.pb.h"
#include "tests/open_fds.h"
#include "tests/resolver/dns_lab.h"
#include "tests/resolver/resolver_process.h"

namespace gatehouse::privileged {
namespace {

using resolver::DnsLab;
using Addresses = std::vector<IpAddress>;

constexpr char kZone[] = R"({
  "www.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
  "slow.example": {"A": ["192.0.2.2"], "delay_ms": 400},
  "*.many.example": {"A": ["192.0.2.3"]},
  "silent.example": {"do": "silent"}
})";

class ResolverLinkTest : public ::testing::Test {
 protected:
  ResolverLinkTest() : loop_(std::move(*Loop::make())), pair_(std::move(*ipc::make_pair())) {
    link_.emplace(loop_, log_, pair_.ours.get());
  }
  ~ResolverLinkTest() override {
    link_.reset();
    for (const auto& [child, pid] : children_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }

  void configure(const std::vector<Endpoint>& servers, unsigned timeout_ms = 2000) {
    link_->configure(servers, resolver::make_config(servers, timeout_ms, 2).get());
  }
  // The number of answers so far is in done_.
  void query(const std::string& name) {
    link_->query(name, [this, name](Addresses addresses, auto) {
      ++done_;
      answers_[name] = std::move(addresses);
    });
  }
  bool run_until(std::size_t done, int milliseconds = 10'000) {
    const TimePoint end = Clock::now() + std::chrono::milliseconds(milliseconds);
    while (done_ < done && Clock::now() < end) turn();
    return done_ >= done;
  }
  void turn() {
    ipc::Message message;
    while (ipc::receive(pair_.theirs.get(), &message, 2) == ipc::Receive::kMessage) {
      wire::ToSpawner request;
      CHECK(ipc::decode(message.bytes(), &request));
      if (request.has_spawn()) {
        CHECK(message.fd_count == 2);
        children_[request.spawn().child()] =
            resolver::start_resolver(message.fds[0].get(), message.fds[1].get());
      } else {
        kill(children_.at(request.kill().child()), SIGKILL);
      }
    }
    for (auto child = children_.begin(); child != children_.end();) {
      int status = 0;
      if (waitpid(child->second, &status, WNOHANG) == 0) {
        ++child;
        continue;
      }
      const std::uint32_t number = child->first;
      child = children_.erase(child);
      wire::Exited exited;
      exited.set_child(number);
      exited.set_killed(WIFSIGNALED(status));
      exited.set_status(status);
      link_->child_exited(exited);
    }
    loop_.wait(std::min(Clock::now() + std::chrono::milliseconds(10), link_->next_deadline()));
    link_->expire(Clock::now());
  }

  Loop loop_;
  EventLog log_;
  ipc::Pair pair_;
  std::optional<ResolverLink> link_;
  std::map<std::uint32_t, pid_t> children_;
  std::map<std::string, Addresses> answers_;
  std::size_t done_ = 0;
};

TEST_F(ResolverLinkTest, ResolvesNames) {
  DnsLab lab(kZone);
  configure({lab.endpoint()});
  query("www.example");
  query("nothing.example");
  ASSERT_TRUE(run_until(2));
  ASSERT_EQ(answers_["www.example"].size(), 2U);
  EXPECT_EQ(to_string(answers_["www.example"][0]), "192.0.2.1");
  EXPECT_TRUE(answers_["nothing.example"].empty());
}

TEST_F(ResolverLinkTest, WithoutServersNothingRunsAndNothingResolves) {
  configure({});
  query("www.example");
  EXPECT_EQ(done_, 1U);
  turn();
  EXPECT_TRUE(children_.empty());
}

TEST_F(ResolverLinkTest, AReloadLosesNoQuestion) {
  DnsLab lab(kZone);
  configure({lab.endpoint()});
  query("www.example");
  ASSERT_TRUE(run_until(1));
  query("slow.example");
  for (int i = 0; i < 20; ++i) turn();
  EXPECT_EQ(done_, 1U);
  configure({lab.endpoint()});
  ASSERT_TRUE(run_until(2));
  EXPECT_EQ(answers_["slow.example"].size(), 1U);
  for (int i = 0; i < 20 && children_.size() > 1; ++i) turn();
  EXPECT_EQ(children_.size(), 1U) << "the old one is gone";
}

TEST_F(ResolverLinkTest, ServersThatGoAwayTakeTheResolverWithThem) {
  DnsLab lab(kZone);
  configure({lab.endpoint()});
  turn();
  query("silent.example");
  configure({});
  EXPECT_EQ(done_, 1U);
  for (int i = 0; i < 200 && !children_.empty(); ++i) turn();
  EXPECT_TRUE(children_.empty());
}

TEST_F(ResolverLinkTest, AResolverThatDiesIsReplaced) {
  DnsLab lab(kZone);
  configure({lab.endpoint()});
  turn();
  query("silent.example");
  ASSERT_EQ(children_.size(), 1U);
  kill(children_.begin()->second, SIGKILL);
  ASSERT_TRUE(run_until(1, 2000)) << "what it was asked has no answer, at once";
  EXPECT_TRUE(answers_["silent.example"].empty());
  const TimePoint end = Clock::now() + std::chrono::seconds(5);
  while (answers_["www.example"].empty() && Clock::now() < end) {
    query("www.example");
    run_until(done_ + 1, 100);
  }
  EXPECT_EQ(answers_["www.example"].size(), 2U);
  EXPECT_EQ(children_.size(), 1U);
}

TEST_F(ResolverLinkTest, AServerWithoutARouteIsNoDelay) {
  DnsLab lab(kZone);
  Endpoint unreachable = lab.endpoint();
  unreachable.address.octets = {255, 255, 255, 255};  // connect(2) refuses: no broadcast
  configure({unreachable, lab.endpoint()}, 5000);
  const TimePoint start = Clock::now();
  query("www.example");
  ASSERT_TRUE(run_until(1));
  EXPECT_EQ(answers_["www.example"].size(), 2U);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
}

TEST_F(ResolverLinkTest, ManyQuestionsLeaveNoDescriptorOpen) {
  DnsLab lab(kZone);
  configure({lab.endpoint()});
  query("www.example");
  ASSERT_TRUE(run_until(1));
  const int before = open_fds();
  for (std::size_t i = 0; i < 2000; i += 100) {
    const std::size_t done = done_;
    for (std::size_t k = 0; k < 100; ++k) query(std::to_string(i + k) + ".many.example");
    ASSERT_TRUE(run_until(done + 100));
  }
  for (std::size_t i = 0; i < 2000; ++i) {
    ASSERT_EQ(answers_[std::to_string(i) + ".many.example"].size(), 1U) << i;
  }
  EXPECT_EQ(open_fds(), before);
}

}  // namespace
}  // namespace gatehouse::privileged
