// SPDX-License-Identifier: Apache-2.0
// Learning: what is proposed is right, allows what was allowed, and no more than is said.
#include <gtest/gtest.h>

#include <random>

#include "cli/learn_rules.h"
#include "cli/replay_judge.h"
#include "policy/language/compile.h"
#include "tests/cli/log_lines.h"
#include "tests/policy/memory_files.h"

namespace gatehouse::cli {
namespace {

std::string learn(const std::string& text, LearnOptions options = {}) {
  Learner learner(std::move(options));
  logs::Reader log = reader_of(text);
  while (const logs::Record* record = log.next()) learner.add(*record);
  const auto rules = learner.rules();
  return rules ? *rules : "error: " + rules.error().what;
}

// How many records of the log each Change has when the proposal is replayed.
std::array<int, 5> replay(const std::string& rules, const std::string& text) {
  std::array<int, 5> counts{};
  policy::MemoryFiles files;
  files.texts["policy.gh"] = rules;
  const policy::Outcome outcome = policy::compile("policy.gh", &files, {}, {});
  EXPECT_EQ(outcome.errors, std::vector<std::string>()) << rules;
  EXPECT_EQ(outcome.warnings, std::vector<std::string>()) << rules;
  auto engine = policy::Engine::make(outcome.policy.SerializeAsString());
  if (!engine) return counts;
  Judge judge(engine->get(), {}, {});
  logs::Reader log = reader_of(text);
  while (const logs::Record* record = log.next()) {
    ++counts[static_cast<std::size_t>(judge.judge(*record).change)];
  }
  return counts;
}

TEST(Learn, AFileThatOneCanRead) {
  const std::string text =
      json_line() + json_line({{"time", "\"2026-11-25T00:00:00.000000Z\""}}) +
      json_line({{"client", "\"10.0.0.77\""}, {"host", "\"a.b.example.com\""}}) +
      json_line({{"host", "\"c.example.com\""}}) + json_line({{"host", "\"Example.org.\""}}) +
      json_line({{"host", "\"api.example.org\""}, {"method", "\"POST\""}}) +
      json_line({{"host", "\"denied.example\""}, {"action", "\"deny\""}}) +
      json_line({{"method", "\"-\""}, {"host", "\"\""}, {"destination_port", "443"}}) +
      json_line({{"client", "\"2001:db8::1\""}, {"host_check", "\"unknown\""}});
  const std::string rules = learn(text);
  EXPECT_EQ(rules.substr(rules.find("\n\n")),
            R"(

# 10.0.0.0/24: 2 clients, 7 requests
set net1 = 10.0.0.0/24
set net1-80 = api.example.org               # 1 request, last 2026-11-24T06:03:27Z
allow net1-80 from @net1 to @net1-80 port 80
set net1-80-read = .example.com,            # 4 requests to 3 names, last 2026-11-25T00:00:00Z
  example.org                               # 1 request, last 2026-11-24T06:03:27Z
allow net1-80-read from @net1 to @net1-80-read port 80 method GET, HEAD
set net1-443-addresses = 203.0.113.80       # 1 request, last 2026-11-24T06:03:27Z
allow net1-443-addresses from @net1 to @net1-443-addresses port 443

# 2001:db8::/64: 1 client, 1 request
set net2 = 2001:db8::/64
set net2-80-read-unverified = www.example.com # 1 request, last 2026-11-24T06:03:27Z
# Seen at addresses that were not known to be theirs.
allow net2-80-read-unverified from @net2 to @net2-80-read-unverified port 80 method GET, HEAD unverified

deny default
)");
  EXPECT_EQ(replay(rules, text)[static_cast<std::size_t>(Change::kNone)], 9);
}

TEST(Learn, OnlyNamesBeneathOneRegistrableDomainAreFolded) {
  std::string text;
  for (const std::string name : {"a", "b", "c", "d"}) {
    text += json_line({{"host", "\"" + name + ".example.co.uk\""}});
    text += json_line({{"host", "\"" + name + ".co.uk\""}});
    text += json_line({{"host", "\"" + name + ".github.io\""}});
    text += json_line({{"host", "\"" + name + "\""}});
  }
  const std::string rules = learn(text);
  EXPECT_NE(rules.find(" .example.co.uk"), std::string::npos) << rules;
  EXPECT_EQ(rules.find(" .co.uk"), std::string::npos) << rules;
  EXPECT_EQ(rules.find(" .github.io"), std::string::npos) << rules;
  EXPECT_NE(rules.find(" a.github.io,"), std::string::npos) << rules;
  LearnOptions never;
  never.fold = 0;
  EXPECT_EQ(learn(text, never).find(" .example"), std::string::npos);
}

TEST(Learn, GroupsAreTakenAsGiven) {
  LearnOptions options;
  options.groups = {{{AF_INET, {10}}, 8}};
  const std::string text = json_line() + json_line({{"client", "\"10.9.9.9\""}}) +
                           json_line({{"client", "\"192.0.2.200\""}});
  const std::string rules = learn(text, options);
  EXPECT_NE(rules.find("# 10.0.0.0/8: 2 clients, 2 requests\n"), std::string::npos) << rules;
  EXPECT_NE(rules.find("# 192.0.2.0/24: 1 client, 1 request\n"), std::string::npos) << rules;
}

TEST(Learn, WhatCannotBeNamedIsLeftOutAndCounted) {
  const std::string text = json_line() +
                           json_line({{"host", "\"a b\\nallow all from 0.0.0.0/0\""}}) +
                           json_line({{"host", "\".\""}}) + json_line({{"host", "\"-x-\""}}) +
                           json_line({{"host", "\"10.0.0.0/8\""}}) +
                           json_line({{"host", "\"" + std::string(301, 'a') + "\""}});
  const std::string rules = learn(text);
  EXPECT_NE(rules.find("\n# Left out: 5 allowed requests to what can't be named"),
            std::string::npos)
      << rules;
  EXPECT_EQ(replay(rules, json_line())[static_cast<std::size_t>(Change::kNone)], 1);
  EXPECT_EQ(rules.find("allow all"), std::string::npos);
}

TEST(Learn, AProposalThatIsTooLargeSaysWhatToDo) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += json_line({{"host", "\"a-rather-long-name-" + std::to_string(i) + ".example" +
                                    std::to_string(i) + ".com\""}});
  }
  EXPECT_TRUE(learn(text).starts_with("error: the proposal has 1")) << learn(text).substr(0, 200);
  LearnOptions rare;
  rare.at_least = 2;
  EXPECT_TRUE(learn(text + json_line() + json_line(), rare).ends_with("\n\ndeny default\n"));
}

// Whatever was allowed stays allowed, and the proposal is right without a warning.
TEST(Learn, ReplayedOnTheSameLogNothingThatWasAllowedChanges) {
  std::mt19937 random(7);
  const auto pick = [&](std::initializer_list<const char*> of) {
    return std::string(*(of.begin() + random() % of.size()));
  };
  for (int round = 0; round < 60; ++round) {
    std::string text;
    for (int i = 0; i < 60; ++i) {
      std::map<std::string, std::string> values = {
          {"client", "\"" + pick({"10.0.0.1", "10.0.0.2", "10.0.1.1", "2001:db8::1"}) + "\""},
          {"host", "\"" +
                       pick({"a.example.com", "b.example.com", "C.example.com", "d.example.org.",
                             "example.org", "203.0.113.80", "printer", "x.github.io:8080"}) +
                       "\""},
          {"method", "\"" + pick({"GET", "HEAD", "POST", "BREW"}) + "\""},
          {"mode", "\"" + pick({"transparent", "reverse"}) + "\""},
          {"destination_port", pick({"80", "8080"})},
          {"action", "\"" + pick({"allow", "allow", "allow", "", "deny"}) + "\""},
          {"host_check", "\"" + pick({"match", "match", "match", "mismatch"}) + "\""}};
      if (random() % 8 == 0) values["method"] = "\"-\"", values["host"] = "\"\"";
      if (random() % 8 == 0) {
        values["mode"] = "\"forward\"";
        values["method"] = "\"CONNECT\"";
        values["target"] = "\"" + pick({"a.example.com:443", "192.0.2.1:8443", "[::1]:1"}) + "\"";
      }
      text += json_line(values);
    }
    LearnOptions options;
    options.fold = random() % 4;
    const std::string rules = learn(text, options);
    const auto counts = replay(rules, text);
    EXPECT_EQ(counts[static_cast<std::size_t>(Change::kNowDenied)], 0) << text << rules;
    EXPECT_EQ(counts[static_cast<std::size_t>(Change::kUnclear)], 0) << rules;
    EXPECT_GT(counts[static_cast<std::size_t>(Change::kNone)], 20);
  }
}

}  // namespace
}  // namespace gatehouse::cli
