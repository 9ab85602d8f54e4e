// SPDX-License-Identifier: Apache-2.0
// Replaying: what another policy decides, what can't be told, and how it is reported.
#include <gtest/gtest.h>

#include "cli/replay_judge.h"
#include "cli/replay_report.h"
#include "policy/language/compile.h"
#include "tests/cli/log_lines.h"
#include "tests/policy/memory_files.h"

namespace gatehouse::cli {
namespace {

std::unique_ptr<policy::Engine> engine_of(const std::string& rules) {
  policy::MemoryFiles files;
  files.texts["policy.gh"] = rules;
  const policy::Outcome outcome = policy::compile("policy.gh", &files, {}, {});
  EXPECT_EQ(outcome.errors, std::vector<std::string>());
  auto engine = policy::Engine::make(outcome.policy.SerializeAsString());
  EXPECT_TRUE(engine);
  return std::move(*engine);
}

// What the rules say about the one line of a log.
Judgement judge(const std::string& rules, const std::string& line,
                std::optional<wire::ConfigMode> listener = {}) {
  static std::unique_ptr<policy::Engine> engine;  // the judgement looks into it
  engine = engine_of(rules);
  logs::Reader log = reader_of(line);
  const logs::Record* record = log.next();
  EXPECT_NE(record, nullptr) << line;
  return Judge(engine.get(), {}, listener).judge(*record);
}

const std::string kDenied = "\"deny\"";

TEST(Replay, ComparesWhetherItWasAllowed) {
  EXPECT_EQ(judge("allow default\n", json_line()).change, Change::kNone);
  EXPECT_EQ(judge("deny default\n", json_line()).change, Change::kNowDenied);
  EXPECT_EQ(judge("allow default\n", json_line({{"action", kDenied}})).change, Change::kNowAllowed);
  EXPECT_EQ(judge("deny default\n", json_line({{"action", kDenied}})).change, Change::kNone);
  EXPECT_EQ(judge("deny default\n", json_line({{"method", "\"\""}, {"action", "\"\""}})).change,
            Change::kNotAsked);
}

TEST(Replay, TheRecordsOwnTimeClientAndDestinationCount) {
  const std::string rules =
      "deny hours when Tue 07:00-07:10 Europe/Vienna\nallow client from 10.0.0.0/24 port 80\n"
      "deny default\n";
  EXPECT_EQ(judge(rules, json_line()).rule->name(), "hours");
  EXPECT_EQ(judge(rules, json_line({{"time", "\"2026-11-24T06:10:00.000000Z\""}})).change,
            Change::kNone);
  EXPECT_EQ(judge("allow a to 203.0.113.0/24\ndeny default\n", json_line()).change, Change::kNone);
}

TEST(Replay, WhatTheLogDoesNotHoldIsNotGuessed) {
  const std::string name = "allow a to www.example.com\ndeny default\n";
  EXPECT_EQ(judge(name, json_line()).change, Change::kNone);
  EXPECT_EQ(judge(name, json_line({{"host_check", "\"mismatch\""}})).change, Change::kNowDenied);
  const Judgement unclear = judge(name, json_line({{"host_check", "\"none\""}}));
  EXPECT_EQ(unclear.change, Change::kUnclear);
  EXPECT_EQ(unclear.missing, kNameCheck);
  EXPECT_EQ(unclear.rule, nullptr);

  const std::string field = "deny a header Cookie ~\"x\"\nallow default\n";
  EXPECT_EQ(judge(field, json_line()).missing, kHeaderField);
  EXPECT_EQ(judge(field, json_line()).change, Change::kUnclear);
  // The log has these two.
  EXPECT_EQ(judge("deny a header User-Agent \"curl/*\"\nallow default\n", json_line()).change,
            Change::kNowDenied);
  EXPECT_EQ(judge("deny a header Referer\nallow default\n", json_line()).change, Change::kNone);
  EXPECT_EQ(judge("deny a listener 8888\nallow default\n", json_line()).missing, kListenerPort);
  EXPECT_EQ(judge("deny a path /x*\nallow default\n",
                  json_line({{"target", "\"/" + std::string(2100, 'y') + "\""}}))
                .missing,
            kWholeText);
}

TEST(Replay, OfTheResponseTheLogHasTheStatus) {
  const std::string type = "deny a type video/*\nallow default\n";
  EXPECT_EQ(judge(type, json_line()).missing, kResponse);
  EXPECT_EQ(judge(type, json_line({{"action", kDenied}})).change, Change::kUnclear);
  EXPECT_EQ(judge("allow first from 10.0.0.0/8\n" + type, json_line()).change, Change::kNone);
  EXPECT_EQ(judge("audit a type video/*\nallow default\n", json_line()).change, Change::kNone);
  const std::string status = "deny a status 500-599\nallow default\n";
  EXPECT_EQ(judge(status, json_line()).change, Change::kNone);
  EXPECT_EQ(judge(status, json_line({{"status", "503"}})).change, Change::kUnclear);
  EXPECT_EQ(judge("deny a status 500-599\ndeny default\n", json_line()).change, Change::kNowDenied);
}

// Both ways lead to the same decision, or a rule before it decides.
TEST(Replay, WhatDoesNotMatterIsClear) {
  const auto change = [](const std::string& rules) {
    return judge(rules, json_line({{"host_check", "\"none\""}})).change;
  };
  EXPECT_EQ(
      change("allow a to www.example.com\nallow b to .example.com unverified\ndeny default\n"),
      Change::kNone);
  EXPECT_EQ(change("deny a header Cookie\ndeny default\n"), Change::kNowDenied);
  EXPECT_EQ(change("allow first from 10.0.0.0/8\ndeny a header Cookie\nallow default\n"),
            Change::kNone);
  // One of two fields decides, but then either allows.
  EXPECT_EQ(change("allow a header A\nallow b header not A header B\nallow c header not A header "
                   "not B\ndeny default\n"),
            Change::kNone);
  // So many at once are not tried.
  std::string many;
  for (int i = 0; i < 10; ++i) {
    many += "audit r" + std::to_string(i) + " header X" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(change(many + "allow default\n"), Change::kUnclear);
}

const char kSquid[] =
    "1795500210.500 0 10.0.0.1 TCP_MISS/200 900 GET http://www.example.com/a - HIER_NONE/- -\n";

TEST(Replay, SquidsLogIsJudgedAsAForwardListenerWould) {
  const std::string rules = "allow a to www.example.com port 80 listener forward\ndeny default\n";
  EXPECT_EQ(judge(rules, kSquid).change, Change::kNone);
  EXPECT_EQ(judge("allow a header User-Agent\ndeny default\n", kSquid).change, Change::kUnclear);
  const std::string there = "allow a to www.example.com\ndeny default\n";
  EXPECT_EQ(judge(there, kSquid, wire::TRANSPARENT).missing, kNameCheck);
  const Judgement address =
      judge("deny a to 192.0.2.0/24\nallow default\n", kSquid, wire::TRANSPARENT);
  EXPECT_EQ(address.change, Change::kUnclear);
  EXPECT_EQ(address.missing, kAddress);
  EXPECT_EQ(judge("deny a method CONNECT\nallow default\n",
                  "1795500210.500 0 10.0.0.1 TCP_TUNNEL/200 900 CONNECT a.example:443 - - -\n")
                .change,
            Change::kNowDenied);
}

std::string report_of(const std::string& rules, const std::string& text, std::size_t changes = 10,
                      std::size_t rows = 20) {
  const auto engine = engine_of(rules);
  Judge judge(engine.get(), {}, {});
  ReplayReport report(changes, rows);
  logs::Reader log = reader_of(text);
  while (const logs::Record* record = log.next()) {
    const Judgement judgement = judge.judge(*record);
    report.add(*record, log.line(), judgement, judge.effects());
  }
  return report.text(log);
}

TEST(Replay, TheReportCountsByRuleClientAndHost) {
  const std::string text = json_line() + json_line({{"client", "\"10.0.0.2\""}}) + "junk\n" +
                           json_line({{"action", kDenied}, {"host", "\"B.example.\""}});
  const std::string report =
      report_of("audit seen from 10.0.0.2\ndeny a to .example.com\nallow default\n", text, 1);
  EXPECT_EQ(report,
            "3 records, 2026-11-24T06:03:27Z to 2026-11-24T06:03:27Z\n"
            "  0 decided as then\n"
            "  2 would be denied\n"
            "  1 would be allowed\n"
            "  0 depend on what the log does not hold\n"
            "  0 no policy decides about: malformed, not authenticated, not answered\n"
            "1 line left out:\n"
            "  line 3: it is no line of a format that is known\n"
            "\n"
            "rule that would decide  would be denied  would be allowed\n"
            "a (policy.gh:2)         2                0\n"
            "default (policy.gh:3)   0                1\n"
            "\n"
            "client    would be denied  would be allowed\n"
            "10.0.0.1  1                1\n"
            "10.0.0.2  1                0\n"
            "\n"
            "host             would be denied  would be allowed\n"
            "www.example.com  2                0\n"
            "b.example        0                1\n"
            "\n"
            "the first changes\n"
            "  line 1: 10.0.0.1 GET /index.html of www.example.com: was allowed by pkgs, would be "
            "denied by a (policy.gh:2)\n"
            "\n"
            "audit rule          would have matched\n"
            "seen (policy.gh:1)  1\n");
}

TEST(Replay, RowsAreBoundedAndTheRestIsCounted) {
  std::string text;
  for (int i = 0; i < 50; ++i) {
    text += json_line({{"host", "\"h" + std::to_string(i) + ".example\""}});
  }
  const std::string report = report_of("deny default\n", text, 0, 3);
  EXPECT_NE(report.find("\n(all others)  47 "), std::string::npos) << report;
  EXPECT_EQ(report.find("line 1:"), std::string::npos);
}

TEST(Replay, NothingOfALogReachesTheTerminalRaw) {
  const std::string report =
      report_of("deny default\n", json_line({{"host", "\"\\u001b[2J\\n\""},
                                             {"method", "\"G\\u0007\""},
                                             {"rule", "\"\\u009b\""},
                                             {"target", "\"/\\r\\u001b]0;x\""}}));
  for (const char c : report) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c <= 0x7e)) << report;
  EXPECT_NE(report.find("\\x1b[2j"), std::string::npos);
}

}  // namespace
}  // namespace gatehouse::cli
