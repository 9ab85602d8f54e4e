// SPDX-License-Identifier: Apache-2.0
// Questions to a real server: answers, time-outs, TCP, sockets that do not come.
#include "resolver/dns_server.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/open_fds.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/dns_lab.h"

namespace gatehouse::resolver {
namespace {

constexpr char kZone[] = R"({
  "www.example": {"A": ["192.0.2.1", "192.0.2.2"], "AAAA": ["2001:db8::1"], "ttl": 77},
  "a.example": {"A": ["192.0.2.3"]},
  "alias.example": {"CNAME": "alias2.example", "ttl": 9},
  "alias2.example": {"CNAME": "www.example"},
  "dangling.example": {"CNAME": "nothing.example"},
  "half.example": {"A": ["192.0.2.4"], "do": {"AAAA": "servfail"}},
  "fail.example": {"do": "servfail"},
  "refused.example": {"do": "refused"},
  "formerr.example": {"do": "formerr"},
  "referral.example": {"do": "no-recursion"},
  "silent.example": {"do": "silent"},
  "slow.example": {"A": ["192.0.2.5"], "delay_ms": 300},
  "cut.example": {"A": ["192.0.2.6"], "AAAA": ["2001:db8::6"], "do": "truncate"},
  "long.example": {"A": ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5",
    "192.0.2.6", "192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10", "192.0.2.11", "192.0.2.12",
    "192.0.2.13", "192.0.2.14", "192.0.2.15", "192.0.2.16", "192.0.2.17", "192.0.2.18",
    "192.0.2.19", "192.0.2.20", "192.0.2.21", "192.0.2.22", "192.0.2.23", "192.0.2.24",
    "192.0.2.25", "192.0.2.26", "192.0.2.27", "192.0.2.28", "192.0.2.29", "192.0.2.30",
    "192.0.2.31", "192.0.2.32", "192.0.2.33", "192.0.2.34", "192.0.2.35"]},
  "cut-silent.example": {"do": "silent-tcp"},
  "cut-closed.example": {"do": "close-tcp"},
  "*.many.example": {"A": ["192.0.2.7"], "AAAA": ["2001:db8::7"], "ttl": 5}
})";

std::vector<std::string> texts(const Reply& reply) {
  std::vector<std::string> all;
  for (const IpAddress& address : reply.addresses) all.push_back(to_string(address));
  return all;
}
using Texts = std::vector<std::string>;

class DnsServerTest : public ::testing::Test {
 protected:
  DnsLab lab_{kZone};
  Asker asker_{lab_.endpoint(), 400};
};

TEST_F(DnsServerTest, AnswersWithAddressesOfBothFamilies) {
  const auto [a, aaaa] = asker_.resolve("www.example");
  EXPECT_EQ(a.outcome, Outcome::kAnswer);
  EXPECT_EQ(texts(a), (Texts{"192.0.2.1", "192.0.2.2"}));
  EXPECT_EQ(a.ttl, 77U);
  EXPECT_EQ(texts(aaaa), Texts{"2001:db8::1"});
  EXPECT_EQ(asker_.sockets(), 1U) << "both go over one socket";
}

TEST_F(DnsServerTest, FollowsAliases) {
  const auto [a, aaaa] = asker_.resolve("alias.example");
  EXPECT_EQ(texts(a), (Texts{"192.0.2.1", "192.0.2.2"}));
  EXPECT_EQ(a.ttl, 9U);
  EXPECT_EQ(asker_.resolve("dangling.example").first.outcome, Outcome::kAnswer);
  EXPECT_TRUE(asker_.resolve("dangling.example").first.addresses.empty());
}

TEST_F(DnsServerTest, TellsNoNameNoAddressAndFailureApart) {
  EXPECT_EQ(asker_.resolve("nothing.example").first.outcome, Outcome::kNoName);
  EXPECT_EQ(asker_.resolve("a.example").second.outcome, Outcome::kAnswer);
  EXPECT_TRUE(asker_.resolve("a.example").second.addresses.empty());
  for (const char* name :
       {"fail.example", "refused.example", "formerr.example", "referral.example"}) {
    EXPECT_EQ(asker_.resolve(name).first.outcome, Outcome::kFailure) << name;
  }
  const auto [a, aaaa] = asker_.resolve("half.example");
  EXPECT_EQ(texts(a), Texts{"192.0.2.4"});
  EXPECT_EQ(aaaa.outcome, Outcome::kFailure);
}

TEST_F(DnsServerTest, SilenceEndsWithTheTimeOut) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(asker_.resolve("silent.example").first.outcome, Outcome::kSilence);
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, std::chrono::milliseconds(395));
  EXPECT_LT(took, std::chrono::milliseconds(3000));
  EXPECT_EQ(texts(asker_.resolve("slow.example").first), Texts{"192.0.2.5"});
}

TEST_F(DnsServerTest, APortThatIsClosedIsKnownAtOnce) {
  lab_.stop();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(asker_.resolve("www.example").first.outcome, Outcome::kSilence);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(300));
}

TEST_F(DnsServerTest, WhatIsCutIsAskedForOverTcp) {
  const auto [a, aaaa] = asker_.resolve("cut.example");
  EXPECT_EQ(texts(a), Texts{"192.0.2.6"});
  EXPECT_EQ(texts(aaaa), Texts{"2001:db8::6"});
  EXPECT_EQ(asker_.sockets(), 3U);
  int tcp = 0;
  for (const LoggedQuery& query : lab_.queries()) tcp += query.tcp ? 1 : 0;
  EXPECT_EQ(tcp, 2);
}

TEST_F(DnsServerTest, WhatDoesNotFitIsAskedForOverTcp) {
  const auto [a, aaaa] = asker_.resolve("long.example");
  EXPECT_EQ(a.addresses.size(), 16U);
  EXPECT_EQ(aaaa.outcome, Outcome::kAnswer);
  EXPECT_EQ(asker_.sockets(), 2U);
}

// A server that knows no EDNS, or is in a mood, is asked in the same way again.
TEST_F(DnsServerTest, AFailureLeavesNothingBehind) {
  for (int i = 0; i < 130; ++i) asker_.ask("formerr.example");
  ASSERT_TRUE(asker_.run());
  EXPECT_EQ(asker_.resolve("long.example").first.addresses.size(), 16U);
  EXPECT_EQ(texts(asker_.resolve("www.example").second), Texts{"2001:db8::1"});
}

TEST_F(DnsServerTest, TcpThatFailsIsAnOutcomeToo) {
  EXPECT_EQ(asker_.resolve("cut-closed.example").first.outcome, Outcome::kSilence);
  EXPECT_EQ(asker_.resolve("cut-silent.example").first.outcome, Outcome::kSilence);
  // Many at once, more than there are connections at a time.
  for (int i = 0; i < 20; ++i) asker_.ask("cut-closed.example");
  EXPECT_TRUE(asker_.run());
  EXPECT_EQ(texts(asker_.resolve("cut.example").first), Texts{"192.0.2.6"});
}

TEST_F(DnsServerTest, ATcpPortThatIsClosedIsKnown) {
  // UDP to the server, TCP to a port where nobody listens.
  Endpoint nobody = lab_.endpoint();
  nobody.address.octets[3] = 2;
  Asker asker([&](bool tcp) { return connected_socket(tcp ? nobody : lab_.endpoint(), tcp); }, 400);
  EXPECT_EQ(asker.resolve("cut.example").first.outcome, Outcome::kSilence);
  EXPECT_EQ(texts(asker.resolve("www.example").second), Texts{"2001:db8::1"});
}

TEST_F(DnsServerTest, SpeaksToAServerOnIpv6) {
  DnsLab lab(kZone, "[::1]");
  Asker asker(lab.endpoint());
  EXPECT_EQ(texts(asker.resolve("www.example").second), Texts{"2001:db8::1"});
  EXPECT_EQ(texts(asker.resolve("cut.example").second), Texts{"2001:db8::6"});
}

TEST_F(DnsServerTest, ASocketThatCanNotBeMadeFailsAtOnce) {
  Asker asker([](bool) { return UniqueFd(); }, 5000);
  asker.ask("www.example");
  EXPECT_TRUE(asker.run(1000));
  EXPECT_EQ(asker.reply("www.example", RecordType::kA).outcome, Outcome::kSilence);
}

TEST_F(DnsServerTest, SocketsThatNeverComeAreAskedForAgain) {
  asker_.lose_sockets = true;
  for (int i = 0; i < 500; ++i) asker_.ask(std::to_string(i) + ".many.example");
  EXPECT_TRUE(asker_.run(2000)) << "who waits for a socket waits no longer than for an answer";
  EXPECT_EQ(asker_.reply("1.many.example", RecordType::kA).outcome, Outcome::kFailure);
  asker_.lose_sockets = false;
  usleep(1'000'000);
  EXPECT_EQ(texts(asker_.resolve("www.example").second), Texts{"2001:db8::1"});
}

TEST_F(DnsServerTest, ASocketThatNobodyWaitsForIsClosed) {
  const int before = open_fds();
  for (const bool tcp : {false, true}) {
    asker_.server().add_socket(connected_socket(lab_.endpoint(), tcp), tcp);
  }
  EXPECT_EQ(open_fds(), before);
}

TEST_F(DnsServerTest, ManyQuestionsAtOnceAreAllAnsweredAndLeaveNothingOpen) {
  Asker asker(lab_.endpoint(), 10'000);
  const int before = open_fds();
  for (int i = 0; i < 2000; ++i) asker.ask(std::to_string(i) + ".many.example");
  EXPECT_TRUE(asker.run());
  for (int i = 0; i < 2000; ++i) {
    const std::string name = std::to_string(i) + ".many.example";
    ASSERT_EQ(texts(asker.reply(name, RecordType::kA)), Texts{"192.0.2.7"}) << name;
    ASSERT_EQ(texts(asker.reply(name, RecordType::kAaaa)), Texts{"2001:db8::7"}) << name;
  }
  EXPECT_EQ(asker.sockets(), 2000U);
  EXPECT_EQ(open_fds(), before);
}

TEST_F(DnsServerTest, TooManyQuestionsAreRefusedNotForgotten) {
  asker_.lose_sockets = true;
  std::size_t done = 0, asked = 0;
  const auto count = [&](RecordType, const Reply&) { ++done; };
  while (asker_.server().ask("www.example", {RecordType::kA}, count, 0)) ++asked;
  EXPECT_EQ(asked, 4096U);
  asker_.server().finish_turn(1'000'000);
  EXPECT_EQ(done, asked);
}

TEST_F(DnsServerTest, EndsWithQuestionsOpen) {
  const int before = open_fds();
  {
    Asker asker(lab_.endpoint());
    for (int i = 0; i < 100; ++i) asker.ask("silent.example");
    for (int i = 0; i < 100; ++i) asker.ask("cut-silent.example");
    EXPECT_FALSE(asker.run(200));
  }
  EXPECT_EQ(open_fds(), before);
}

}  // namespace
}  // namespace gatehouse::resolver
