// SPDX-License-Identifier: Apache-2.0
// Translating a squid.conf: nothing that Squid denies becomes allowed, and what is not exact is
// named.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "cli/squid/addresses.h"
#include "cli/squid/regex.h"
#include "cli/squid/translate.h"
#include "policy/engine.h"
#include "policy/language/compile.h"
#include "policy/text_pattern.h"
#include "tests/policy/memory_files.h"

namespace gatehouse::cli {
namespace {

using squid::Translation;

// In memory, as if the directory were /school.
Translation translate(const std::string& text, policy::MemoryFiles* files,
                      const std::string& zone = "Europe/Vienna") {
  std::vector<std::string> names;
  for (const auto& [name, content] : files->texts) names.push_back(name);
  return squid::translate("squid.conf", text, {files, "/school", names}, zone);
}
Translation translate(const std::string& text) {
  policy::MemoryFiles files;
  return translate(text, &files);
}

std::unique_ptr<policy::Engine> engine_of(const std::string& rules) {
  policy::MemoryFiles files;
  files.texts["policy.gh"] = rules;
  const policy::Outcome outcome = policy::compile("policy.gh", &files, {}, {});
  EXPECT_EQ(outcome.errors, std::vector<std::string>()) << rules;
  auto engine = policy::Engine::make(outcome.policy.SerializeAsString());
  return engine ? std::move(*engine) : nullptr;
}

// The rules without their head and its rule about listeners.
std::string body(const Translation& translation) {
  const std::string mark = "deny not-forward listener not forward\n";
  return translation.rules.substr(translation.rules.find(mark) + mark.size());
}

TEST(Squid, ASchool) {
  const std::string directory = std::string(SOURCE_DIRECTORY) + "/tests/cli/squid/";
  policy::MemoryFiles files;
  for (const char* name : {"games.txt", "conf.d/local.conf"}) {
    files.texts[name] = policy::read_whole(directory + name);
  }
  const Translation translation = translate(policy::read_whole(directory + "squid.conf"), &files);
  EXPECT_EQ(translation.rules, policy::read_whole(directory + "expected.gh"));
  std::string problems;
  for (const std::string& one : translation.problems) problems += one + "\n";
  EXPECT_EQ(problems, policy::read_whole(directory + "expected.problems"));
  ASSERT_NE(engine_of(translation.rules), nullptr);
}

TEST(Squid, TheDefaultIsTheOppositeOfTheLastLine) {
  const std::string acl = "acl a src 10.0.0.1\n";
  EXPECT_TRUE(translate(acl + "http_access allow a\n").rules.ends_with("\ndeny default\n"));
  EXPECT_TRUE(translate(acl + "http_access deny a\n").rules.ends_with("\nallow default\n"));
  EXPECT_TRUE(translate(acl).rules.ends_with("\ndeny default\n"));
  EXPECT_TRUE(translate(acl + "http_access allow all\nhttp_access deny a\n")
                  .rules.ends_with("\nallow default\n"));
  // Of lines that are left out too; and a line without acls is none.
  EXPECT_TRUE(translate("acl r random 1/2\nhttp_access allow r\nhttp_access deny\n")
                  .rules.ends_with("\ndeny default\n"));
}

TEST(Squid, WhatCannotBeSaidNeverAllowsMore) {
  const std::string acls = "acl a src 10.0.0.1\nacl u url_regex x\nacl d dstdomain .b.example\n";
  const Translation allow = translate(acls + "http_access allow a u\nhttp_access deny all\n");
  EXPECT_EQ(body(allow).find("\nallow "), std::string::npos);
  EXPECT_EQ(allow.problems.size(), 1U);
  EXPECT_TRUE(allow.problems[0].starts_with("squid.conf:4: acl u: Squid compares the URL"));
  const Translation deny = translate(acls + "http_access deny a u\nhttp_access allow all\n");
  EXPECT_NE(body(deny).find("\ndeny squid.conf-4 from 10.0.0.1\n"), std::string::npos)
      << body(deny);
  EXPECT_TRUE(deny.rules.ends_with("\nallow default\n"));
  // Nothing is left of the line, and the rest can't allow.
  const Translation all = translate(acls + "http_access deny u\nhttp_access allow a\n");
  EXPECT_TRUE(all.rules.ends_with("\ndeny default\n"));
  EXPECT_EQ(body(all).find("\nallow "), std::string::npos) << body(all);
  EXPECT_EQ(all.problems.size(), 3U);
  // An include that can't be read may deny anything; a condition may hold or not.
  for (const std::string line : {"include /etc/other.conf\n", "include /school/none.conf\n"}) {
    EXPECT_TRUE(
        translate(acls + line + "http_access allow a\n").rules.ends_with("\ndeny default\n"));
  }
  const Translation condition = translate(
      acls + "if ${process_number} = 1\nhttp_access allow d\nhttp_access deny a\nendif\n");
  EXPECT_EQ(body(condition).find("\nallow squid"), std::string::npos) << body(condition);
  EXPECT_NE(body(condition).find("\ndeny squid.conf-6 from 10.0.0.1\n"), std::string::npos);
}

TEST(Squid, ConditionsOfOneKindAreComputed) {
  const std::string acls =
      "acl net src 10.0.0.0/30\nacl one src 10.0.0.1\nacl low port 1-1023\nacl web port 80\n"
      "acl get method GET HEAD\nacl head method HEAD\n";
  const auto rule = [&](const std::string& line) {
    const std::string rules = body(translate(acls + line + "\n"));
    const std::size_t at = rules.find("squid.conf-7 ");
    return at == rules.npos ? rules : rules.substr(at + 12, rules.find("\n\n", at) - at - 12);
  };
  EXPECT_EQ(rule("http_access allow net !one"), " from 10.0.0.0, 10.0.0.2/31");
  EXPECT_EQ(rule("http_access allow low !web"), " port not 80, 1024-65535");
  EXPECT_EQ(rule("http_access allow !web"), " port not 80");
  EXPECT_EQ(rule("http_access allow get !head"), " method GET");
  EXPECT_EQ(rule("http_access allow !get"), " method not GET, HEAD");
  EXPECT_NE(rule("http_access allow one !net").find("# No request matches it.\n"),
            std::string::npos);
}

TEST(Squid, NothingOfTheFileLeavesItsComment) {
  const Translation translation = translate(
      "acl \x1b[2J src 10.0.0.1\nhttp_access allow \x1b[2J \r\nallow all\nhttp_access deny \"\n");
  for (const char c : translation.rules) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c <= 0x7e));
  for (const std::string& one : translation.problems) {
    for (const char c : one) EXPECT_TRUE(c >= 0x20 && c <= 0x7e);
  }
  ASSERT_NE(engine_of(translation.rules), nullptr);
}

TEST(Squid, Addresses) {
  const auto networks = [](std::initializer_list<const char*> texts) {
    squid::Addresses set;
    for (const char* text : texts) EXPECT_TRUE(set.add(text)) << text;
    return set.networks();
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(networks({"10.0.0.0/8", "10.1.0.0/16"}), Texts{"10.0.0.0/8"});
  EXPECT_EQ(networks({"10.0.0.1/255.255.255.0"}), Texts{"10.0.0.0/24"});
  EXPECT_EQ(networks({"10.0.0.1-10.0.0.4"}), (Texts{"10.0.0.1", "10.0.0.2/31", "10.0.0.4"}));
  EXPECT_EQ(networks({"all"}), (Texts{"0.0.0.0/0", "::/0"}));
  EXPECT_EQ(networks({"2001:db8::/32", "255.255.255.255"}),
            (Texts{"255.255.255.255", "2001:db8::/32"}));
  EXPECT_EQ(networks({"::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}).size(), 128U);
  squid::Addresses set;
  for (const char* text :
       {"host.example", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "10.0.0.9-10.0.0.1", "::/8/8", "",
        "10.0.0.1-", "::ffff:10.0.0.1", "10.0.0.1-10.0.0.2/24"}) {
    EXPECT_FALSE(set.add(text)) << text;
  }
}

TEST(Squid, ExpressionsThatBothReadAlike) {
  for (const char* same :
       {"curl", "^Mozilla/[45]\\.", "a.b*", "(a|b)+c?$", "[[:digit:]]x", "[]x]"}) {
    EXPECT_EQ(squid::same_regex(same, false), same);
  }
  EXPECT_EQ(squid::same_regex("curl", true), "(?i)curl");
  for (const char* other : {"a{2}", "a+?", "\\d", "\\<a", "[\\d]", "[[.a.]]", "(?i)a", "*a", "(",
                            "a\\", "a\"b", "a||b", "a**", "\\1", "[a", "^*a", "(|a)"}) {
    EXPECT_FALSE(squid::same_regex(other, false)) << other;
  }
  EXPECT_EQ(squid::name_of_regex("(^|\\.)a\\.example$"), ".a.example");
  EXPECT_EQ(squid::name_of_regex("^www\\.a\\.example$"), "www.a.example");
  for (const char* other : {"a\\.example$", "^a.example$", "^a\\.example", "\\.example$"}) {
    EXPECT_FALSE(squid::name_of_regex(other)) << other;
  }
}

// A request, and what Squid would know of it besides.
struct Asked {
  policy::Request request;
  std::string client, host, agent;
  bool odd = false;  // what no rule can say holds
};

class Agent final : public policy::Fields {
 public:
  explicit Agent(const std::string& agent) : agent_(agent) {}
  bool any(std::string_view name, const policy::TextPattern* pattern) const override {
    return name == "user-agent" && (pattern == nullptr || pattern->matches(agent_));
  }

 private:
  const std::string& agent_;
};

struct TestAcl {
  const char* name;
  const char* text;  // of its line
  std::function<bool(const Asked&)> holds;
};

bool beneath(const std::string& host, const std::string& domain) {
  return host == domain || host.ends_with("." + domain);
}

const std::vector<TestAcl>& test_acls() {
  static const std::vector<TestAcl> acls = {
      {"net", "src 10.0.0.0/24", [](const Asked& a) { return a.client.starts_with("10.0.0."); }},
      {"one", "src 10.0.0.1", [](const Asked& a) { return a.client == "10.0.0.1"; }},
      {"dom", "dstdomain .a.example b.example",
       [](const Asked& a) { return beneath(a.host, "a.example") || a.host == "b.example"; }},
      {"sub", "dstdomain .x.a.example",
       [](const Asked& a) { return beneath(a.host, "x.a.example"); }},
      {"loop", "dst 127.0.0.0/8", [](const Asked& a) { return a.host == "127.0.0.1"; }},
      // Every name of the test resolves to there.
      {"pub", "dst 203.0.113.0/24", [](const Asked& a) { return a.host != "127.0.0.1"; }},
      {"web", "port 80 8080",
       [](const Asked& a) {
         return a.request.destination.port == 80 || a.request.destination.port == 8080;
       }},
      {"tls", "port 443", [](const Asked& a) { return a.request.destination.port == 443; }},
      {"get", "method GET", [](const Asked& a) { return a.request.method == "GET"; }},
      {"curl", "browser ^curl", [](const Asked& a) { return a.agent.starts_with("curl"); }},
      {"odd", "url_regex x", [](const Asked& a) { return a.odd; }},
      {"all", nullptr, [](const Asked&) { return true; }},
      {"CONNECT", nullptr, [](const Asked& a) { return a.request.method == "CONNECT"; }}};
  return acls;
}

struct Literal {
  const TestAcl* acl;
  bool negated;
};
struct AccessLine {
  bool allow;
  std::vector<Literal> literals;
};

bool squid_allows(const std::vector<AccessLine>& lines, const Asked& asked) {
  for (const AccessLine& line : lines) {
    const bool all =
        std::all_of(line.literals.begin(), line.literals.end(),
                    [&](const Literal& one) { return one.acl->holds(asked) != one.negated; });
    if (all) return line.allow;
  }
  return !lines.back().allow;
}

// Against a naive reading of what Squid does, for lines made at random.
TEST(Squid, NothingIsAllowedThatSquidDenies) {
  std::mt19937 random(3);
  int exact = 0, allowed = 0;
  for (int round = 0; round < 400; ++round) {
    std::string conf;
    for (const TestAcl& acl : test_acls()) {
      if (acl.text != nullptr) conf += std::string("acl ") + acl.name + " " + acl.text + "\n";
    }
    std::vector<AccessLine> lines(1 + random() % 5);
    for (AccessLine& line : lines) {
      line.allow = random() % 2 == 0;
      conf += line.allow ? "http_access allow" : "http_access deny";
      for (unsigned i = 1 + random() % 3; i > 0; --i) {
        line.literals.push_back({&test_acls()[random() % test_acls().size()], random() % 3 == 0});
        conf += std::string(" ") + (line.literals.back().negated ? "!" : "") +
                line.literals.back().acl->name;
      }
      conf += "\n";
    }
    const Translation translation = translate(conf);
    const auto engine = engine_of(translation.rules);
    ASSERT_NE(engine, nullptr);
    exact += translation.problems.empty() ? 1 : 0;
    for (int i = 0; i < 100; ++i) {
      Asked asked;
      const auto pick = [&](std::initializer_list<const char*> of) {
        return *(of.begin() + random() % of.size());
      };
      asked.client = pick({"10.0.0.1", "10.0.0.2", "10.0.1.1"});
      asked.host = pick({"a.example", "x.a.example", "b.example", "c.example", "127.0.0.1"});
      asked.agent = pick({"curl/7", "Mozilla"});
      asked.odd = random() % 2 == 0;
      asked.request.mode = wire::FORWARD;
      asked.request.client = {AF_INET,
                              {10, 0, static_cast<std::uint8_t>(asked.client[5] - '0'),
                               static_cast<std::uint8_t>(asked.client[7] - '0')}};
      asked.request.method = pick({"GET", "POST", "CONNECT"});
      const std::uint16_t ports[] = {80, 443, 8080, 25};
      asked.request.destination.port = ports[random() % 4];
      if (asked.host == "127.0.0.1") {
        asked.request.destination.address = {AF_INET, {127, 0, 0, 1}};
      } else {
        asked.request.host = asked.host;
      }
      const Agent agent(asked.agent);
      asked.request.fields = &agent;
      asked.request.verified = policy::Verified::kYes;
      policy::Decision decision;
      engine->decide(asked.request, &decision);
      const bool allows = decision.rule->verb() == wire::POLICY_ALLOW;
      const bool should = squid_allows(lines, asked);
      EXPECT_TRUE(!allows || should) << conf << translation.rules;
      if (translation.problems.empty()) {
        EXPECT_EQ(allows, should) << conf << translation.rules;
      }
      allowed += allows ? 1 : 0;
    }
  }
  EXPECT_GT(exact, 60);      // else too little is said exactly
  EXPECT_GT(allowed, 2000);  // and something is allowed at all
}

}  // namespace
}  // namespace gatehouse::cli
