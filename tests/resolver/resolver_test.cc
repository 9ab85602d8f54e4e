// SPDX-License-Identifier: Apache-2.0
// In which order servers are asked, what is made of their answers, and what is kept.
#include "resolver/resolver.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

namespace gatehouse::resolver {
namespace {

IpAddress v4(std::uint8_t last) {
  IpAddress address;
  address.family = AF_INET;
  address.octets = {192, 0, 2, last};
  return address;
}
IpAddress v6(std::uint8_t last) {
  IpAddress address;
  address.family = AF_INET6;
  address.octets = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last};
  return address;
}
Reply good(std::vector<IpAddress> addresses, std::uint32_t ttl = 60) {
  return {Outcome::kAnswer, std::move(addresses), ttl};
}
const Reply kNoName{Outcome::kNoName, {}, 0};
const Reply kFailure{Outcome::kFailure, {}, 0};
const Reply kSilence{Outcome::kSilence, {}, 0};

struct Asked {
  std::size_t server;
  std::string name;
  std::vector<RecordType> types;
  Resolver::Done done;
};

struct Answered {
  std::vector<IpAddress> addresses;
  std::uint32_t ttl;
};

class ResolverTest : public ::testing::Test {
 protected:
  void make(std::size_t servers, unsigned tries) {
    resolver_ = std::make_unique<Resolver>(
        servers, tries,
        [this](std::size_t server, const std::string& name, const auto& types, auto done) {
          if (full_) return false;
          asked_.push_back({server, name, types, std::move(done)});
          return true;
        },
        [this](std::uint64_t id, const auto& addresses, std::uint32_t ttl) {
          EXPECT_FALSE(answers_.contains(id)) << "answered twice";
          answers_[id] = {addresses, ttl};
        });
  }
  void query(std::uint64_t id, const std::string& name) { resolver_->query(id, name, now_); }
  // The oldest question, out of the list.
  Asked next() {
    EXPECT_FALSE(asked_.empty());
    Asked asked = std::move(asked_.front());
    asked_.pop_front();
    return asked;
  }
  // Answers the oldest question for all types alike; returns the server it was put to.
  std::size_t reply_all(const Reply& reply) {
    const Asked asked = next();
    resolver_->set_now(now_);
    for (const RecordType type : asked.types) asked.done(type, reply);
    return asked.server;
  }
  void pass(std::uint64_t ms) { resolver_->set_now(now_ += ms); }

  std::unique_ptr<Resolver> resolver_;
  std::deque<Asked> asked_;
  std::map<std::uint64_t, Answered> answers_;
  std::uint64_t now_ = 1'000'000;
  bool full_ = false;
};

TEST_F(ResolverTest, JoinsBothFamilies) {
  make(2, 2);
  query(1, "www.example");
  const Asked asked = next();
  EXPECT_EQ(asked.server, 0U);
  EXPECT_EQ(asked.types, (std::vector<RecordType>{RecordType::kA, RecordType::kAaaa}));
  asked.done(RecordType::kA, good({v4(1), v4(2)}, 100));
  EXPECT_TRUE(answers_.empty());
  asked.done(RecordType::kAaaa, good({v6(1)}, 50));
  EXPECT_EQ(answers_.at(1).addresses, (std::vector<IpAddress>{v4(1), v6(1), v4(2)}));
  EXPECT_EQ(answers_.at(1).ttl, 50U);
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(resolver_->open_questions(), 0U);
}

TEST_F(ResolverTest, NoFamilyIsCrowdedOut) {
  make(1, 1);
  query(1, "www.example");
  const Asked asked = next();
  asked.done(RecordType::kA, good(std::vector<IpAddress>(16, v4(1))));
  asked.done(RecordType::kAaaa, good(std::vector<IpAddress>(16, v6(1))));
  const auto& addresses = answers_.at(1).addresses;
  EXPECT_EQ(addresses.size(), 16U);
  EXPECT_EQ(std::count(addresses.begin(), addresses.end(), v6(1)), 8);
}

TEST_F(ResolverTest, AsksOnceHoweverManyWantToKnow) {
  make(1, 1);
  for (std::uint64_t id = 1; id <= 100; ++id) query(id, id % 2 ? "WWW.example." : "www.example");
  EXPECT_EQ(asked_.size(), 1U);
  reply_all(good({v4(1)}));
  EXPECT_EQ(answers_.size(), 100U);
  query(101, "Www.Example");
  EXPECT_EQ(answers_.size(), 101U) << "from the cache";
  EXPECT_TRUE(asked_.empty());
}

TEST_F(ResolverTest, AnswersAreKeptForTheirTtl) {
  make(1, 1);
  query(1, "www.example");
  reply_all(good({v4(1)}, 10));
  pass(9'999);
  query(2, "www.example");
  EXPECT_EQ(answers_.at(2).ttl, 0U);
  pass(1);
  query(3, "www.example");
  EXPECT_FALSE(answers_.contains(3));
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(ResolverTest, TtlsAreBounded) {
  make(1, 1);
  query(1, "zero.example");
  reply_all(good({v4(1)}, 0));
  EXPECT_EQ(answers_.at(1).ttl, 1U);
  query(2, "year.example");
  reply_all(good({v4(1)}, 31'536'000));
  EXPECT_EQ(answers_.at(2).ttl, 3600U);
}

TEST_F(ResolverTest, KeepsThatThereIsNoName) {
  make(2, 2);
  query(1, "none.example");
  reply_all(kNoName);
  EXPECT_TRUE(answers_.at(1).addresses.empty());
  EXPECT_TRUE(asked_.empty()) << "the server knows; no other is asked";
  pass(29'999);
  query(2, "none.example");
  EXPECT_TRUE(answers_.contains(2));
  pass(1);
  query(3, "none.example");
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(ResolverTest, AFailureIsKeptForAMomentOnly) {
  make(1, 1);
  query(1, "www.example");
  reply_all(kFailure);
  EXPECT_TRUE(answers_.at(1).addresses.empty());
  pass(1'999);
  query(2, "www.example");
  EXPECT_TRUE(answers_.contains(2));
  pass(1);
  query(3, "www.example");
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(ResolverTest, EachServerIsTriedInTurnAsOftenAsConfigured) {
  make(3, 2);
  query(1, "www.example");
  std::vector<std::size_t> order;
  while (!asked_.empty()) {
    const Asked asked = next();
    order.push_back(asked.server);
    for (const RecordType type : asked.types) asked.done(type, kFailure);
  }
  // The first question is for both types, the others for one each.
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2}));
  EXPECT_TRUE(answers_.at(1).addresses.empty());
  EXPECT_EQ(resolver_->open_questions(), 0U);
}

TEST_F(ResolverTest, OnlyWhatFailedIsAskedAgain) {
  make(2, 1);
  query(1, "www.example");
  const Asked both = next();
  both.done(RecordType::kAaaa, kFailure);
  const Asked again = next();
  EXPECT_EQ(again.server, 1U);
  EXPECT_EQ(again.types, std::vector<RecordType>{RecordType::kAaaa});
  both.done(RecordType::kA, good({v4(1)}));
  EXPECT_TRUE(answers_.empty()) << "half an answer would be a wrong one";
  again.done(RecordType::kAaaa, good({v6(1)}));
  EXPECT_EQ(answers_.at(1).addresses, (std::vector<IpAddress>{v4(1), v6(1)}));
}

TEST_F(ResolverTest, HalfAnAnswerIsNotKeptForLong) {
  make(2, 3);
  query(1, "www.example");
  const Asked both = next();
  both.done(RecordType::kA, good({v4(1)}, 3600));
  both.done(RecordType::kAaaa, kFailure);
  EXPECT_EQ(reply_all(kFailure), 1U);
  EXPECT_EQ(answers_.at(1).addresses, std::vector<IpAddress>{v4(1)});
  EXPECT_EQ(answers_.at(1).ttl, 10U);
  EXPECT_TRUE(asked_.empty()) << "no further round while somebody waits with an address";
}

TEST_F(ResolverTest, AFailureBesideNoAddressIsNotTakenForNone) {
  make(1, 1);
  query(1, "www.example");
  const Asked both = next();
  both.done(RecordType::kA, kSilence);
  both.done(RecordType::kAaaa, good({}));
  EXPECT_TRUE(answers_.at(1).addresses.empty());
  EXPECT_EQ(answers_.at(1).ttl, 2U);
}

TEST_F(ResolverTest, ASilentServerIsAskedLast) {
  make(2, 1);
  for (std::uint64_t id = 1; id <= 2; ++id) {
    query(id, "n" + std::to_string(id) + ".example");
    EXPECT_EQ(reply_all(kSilence), 0U);
    reply_all(good({v4(1)}));
    reply_all(good({v4(1)}));
  }
  // Two questions of two types were not answered: from now on the other server comes first.
  for (std::uint64_t id = 3; id <= 50; ++id) {
    query(id, "n" + std::to_string(id) + ".example");
    EXPECT_EQ(reply_all(good({v4(1)})), 1U);
  }
  EXPECT_EQ(answers_.size(), 50U);
}

TEST_F(ResolverTest, ASilentServerIsProbedByOneQuestionNowAndThen) {
  make(2, 1);
  for (std::uint64_t id = 1; id <= 2; ++id) {
    query(id, "n" + std::to_string(id) + ".example");
    reply_all(kSilence);
    reply_all(good({v4(1)}));
    reply_all(good({v4(1)}));
  }
  pass(10'000);
  query(10, "a.example");
  query(11, "b.example");
  query(12, "c.example");
  EXPECT_EQ(reply_all(kSilence), 0U) << "the probe";
  EXPECT_EQ(reply_all(good({v4(1)})), 1U);
  EXPECT_EQ(reply_all(good({v4(1)})), 1U);
  reply_all(good({v4(1)}));
  reply_all(good({v4(1)}));
  pass(10'000);
  query(13, "d.example");
  EXPECT_EQ(reply_all(good({v4(1)})), 0U) << "it answers";
  query(14, "e.example");
  EXPECT_EQ(reply_all(good({v4(1)})), 0U) << "and is the first again";
  EXPECT_EQ(answers_.size(), 7U);
}

TEST_F(ResolverTest, WhenAllAreSilentAllAreTried) {
  make(2, 1);
  for (std::uint64_t id = 1; id <= 10; ++id) {
    query(id, "n" + std::to_string(id) + ".example");
    std::size_t count = 0;
    for (; !asked_.empty(); ++count) reply_all(kSilence);
    EXPECT_EQ(count, 3U) << "both types once, then each on its own";
    EXPECT_TRUE(answers_.contains(id));
  }
}

TEST_F(ResolverTest, ServersThatAreFullAreNoTrap) {
  make(2, 2);
  full_ = true;
  query(1, "www.example");
  EXPECT_TRUE(answers_.at(1).addresses.empty());
  EXPECT_EQ(resolver_->open_questions(), 0U);
  full_ = false;
  pass(2'000);
  query(2, "www.example");
  full_ = true;
  reply_all(kFailure);
  EXPECT_TRUE(answers_.at(2).addresses.empty());
  EXPECT_EQ(resolver_->open_questions(), 0U);
}

TEST_F(ResolverTest, LiteralsAndImpossibleNamesAskNobody) {
  make(1, 1);
  query(1, "192.0.2.7");
  query(2, "LocalHost.");
  query(3, "a..b");
  query(4, "");
  EXPECT_EQ(answers_.at(1).addresses, std::vector<IpAddress>{v4(7)});
  EXPECT_EQ(answers_.at(2).addresses.size(), 2U);
  EXPECT_TRUE(answers_.at(3).addresses.empty());
  EXPECT_TRUE(answers_.at(4).addresses.empty());
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace gatehouse::resolver
