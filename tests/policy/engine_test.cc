// SPDX-License-Identifier: Apache-2.0
// What the engine does that no rule file can show: waiting for a name, lists, hostile octets.
#include "policy/engine.h"

#include <gtest/gtest.h>

#include <random>

#include "policy/language/compile.h"
#include "tests/policy/memory_files.h"

namespace gatehouse::policy {
namespace {

std::string compiled(const std::string& text) {
  MemoryFiles files;
  files.texts["policy.gh"] = text;
  const Outcome outcome = compile("policy.gh", &files, {}, {});
  EXPECT_EQ(outcome.errors, std::vector<std::string>());
  return outcome.policy.SerializeAsString();
}

std::unique_ptr<Engine> engine_of(const std::string& text) {
  auto engine = Engine::make(compiled(text));
  EXPECT_TRUE(engine);
  return std::move(*engine);
}

Request request_to(std::string_view host, Verified verified) {
  Request request;
  request.client = {AF_INET, {10, 0, 0, 1}};
  request.destination = {{AF_INET, {192, 0, 2, 1}}, 80};
  request.host = host;
  request.method = "GET";
  request.path = "/";
  request.verified = verified;
  return request;
}

std::string decide(Engine& engine, const Request& request) {
  Decision decision;
  engine.decide(request, &decision);
  return decision.rule == nullptr ? "asks" : decision.rule->name();
}

TEST(Engine, LabelsAreWhatTheClientHas) {
  auto engine = engine_of(
      "deny guests label role=guest, role=visitor\nallow lab label not site=hq\n"
      "allow boss label role=boss\ndeny default\n");
  EXPECT_TRUE(engine->uses_labels());
  EXPECT_FALSE(engine_of("allow default\n")->uses_labels());
  const auto with = [&](const std::vector<std::string>& labels) {
    Request request = request_to("a.example", Verified::kYes);
    request.labels = labels;
    return decide(*engine, request);
  };
  EXPECT_EQ(with({}), "lab");
  EXPECT_EQ(with({"role=guest", "site=hq"}), "guests");
  EXPECT_EQ(with({"site=hq", "role=visitor"}), "guests");
  EXPECT_EQ(with({"site=hq", "role=boss"}), "boss");
  EXPECT_EQ(with({"site=hq", "role=Guest"}), "default");
  EXPECT_EQ(with({"site=hq", "role=guest2"}), "default");
}

TEST(Engine, ItAsksForTheNameOnlyWhereItMatters) {
  auto engine = engine_of(
      "deny bad to bad.example\nallow good to good.example method GET\n"
      "allow loose to loose.example unverified\ndeny fake to fake.example not verified\n"
      "allow default\n");
  const auto name = [&](std::string_view host, Verified verified) {
    return decide(*engine, request_to(host, verified));
  };
  EXPECT_EQ(name("bad.example", Verified::kUnknown), "bad");
  EXPECT_EQ(name("other.example", Verified::kUnknown), "default");
  EXPECT_EQ(name("loose.example", Verified::kUnknown), "loose");
  EXPECT_EQ(name("good.example", Verified::kUnknown), "asks");
  EXPECT_EQ(name("GOOD.example.", Verified::kYes), "good");
  EXPECT_EQ(name("good.example", Verified::kNo), "default");
  EXPECT_EQ(name("fake.example", Verified::kUnknown), "asks");
  EXPECT_EQ(name("fake.example", Verified::kNo), "fake");
  EXPECT_EQ(name("fake.example", Verified::kYes), "default");
  Request post = request_to("good.example", Verified::kUnknown);
  post.method = "POST";
  EXPECT_EQ(decide(*engine, post), "default") << "another condition has failed already";
}

// What is known of one request is not taken for the next one.
TEST(Engine, NothingIsLeftOfTheRequestBefore) {
  auto engine =
      engine_of("deny name to a.example\ndeny path path /a\naudit seen path /b\nallow default\n");
  Request request = request_to("a.example", Verified::kNo);
  EXPECT_EQ(decide(*engine, request), "name");
  request.host = "b.example";
  request.path = "/a";
  EXPECT_EQ(decide(*engine, request), "path");
  request.path = "/b";
  Decision decision;
  engine->decide(request, &decision);
  EXPECT_EQ(decision.effects.size(), 1U);
  request.path = "/c";
  engine->decide(request, &decision);
  EXPECT_EQ(decision.rule->name(), "default");
  EXPECT_TRUE(decision.effects.empty());
}

// A long policy of rules about 24 kinds of clients, about names and networks and both, and about
// neither.
std::string random_rules(std::mt19937& random, int count) {
  const auto below = [&](unsigned n) { return random() % n; };
  const auto number = [&](unsigned n) { return std::to_string(below(n)); };
  const char* const kVerbs[] = {"allow ", "deny ", "audit ", "tag "};
  std::string text;
  for (int i = 0; i < count; ++i) {
    const unsigned verb = below(4);
    text += std::string(kVerbs[verb]) + "r" + std::to_string(i);
    if (below(2) == 0) {
      text += (below(4) == 0 ? " from not 10.0." : " from 10.0.") + number(24) + ".0/24";
    }
    const std::string to[] = {" to n" + number(9) + ".example",
                              " to .example, n" + number(9) + ".test",
                              " to not n" + number(9) + ".example",
                              " to 192.0.2." + number(3),
                              " to 192.0.2." + number(3) + ", n" + number(9) + ".example",
                              " port 80"};
    text += to[below(6)];
    if (below(3) == 0) text += " path /" + number(3);
    if (verb != 0 && below(8) == 0) text += " not verified";
    text += verb == 3 ? " as w\n" : "\n";
  }
  return text + "deny default\n";
}

// With a trace every rule is asked; without one those that names and clients rule out are not.
TEST(Engine, WhatIsLeftOutWouldNotHaveMatched) {
  std::mt19937 random(7);
  std::size_t effects = 0;
  for (int round = 0; round < 40; ++round) {
    auto engine = engine_of(random_rules(random, 150));
    for (int i = 0; i < 100; ++i) {
      const std::string host =
          "n" + std::to_string(random() % 9) + (i % 2 == 0 ? ".example" : ".test");
      const std::string path = "/" + std::to_string(random() % 3);
      Request request = request_to(host, static_cast<Verified>(random() % 3));
      request.client.octets[2] = static_cast<std::uint8_t>(random() % 24);
      request.destination.address.octets[3] = static_cast<std::uint8_t>(random() % 3);
      request.path = path;
      Decision all, some;
      Trace trace;
      engine->decide(request, &all, &trace);
      engine->decide(request, &some);
      ASSERT_EQ(all.rule, some.rule);
      ASSERT_EQ(all.effects, some.effects);
      effects += some.effects.size();
    }
  }
  EXPECT_GT(effects, 2000U) << "they hardly match at all";
}

TEST(Engine, ListsAreAskedByNameUrlAndAddress) {
  MemoryFiles files;
  files.texts["names"] = "a.example\n";
  files.texts["urls"] = "http://b.example/listed\n192.0.2.7/listed\n";
  files.texts["nets"] = "192.0.2.0/24\n";
  files.texts["policy.gh"] =
      "list names, urls, nets = \"*\"\n"
      "deny by-name to @names\ndeny by-url to @urls\ndeny by-address to @nets\n"
      "deny by-client from @nets\nallow default\n";
  const Outcome outcome = compile("policy.gh", &files, {}, {});
  ASSERT_EQ(outcome.errors, std::vector<std::string>());
  const std::string policy = outcome.policy.SerializeAsString();
  auto engine = Engine::make(policy, lists::ListsView::open(outcome.lists));
  ASSERT_TRUE(engine);
  Request request = request_to("x.A.example.", Verified::kNo);
  request.destination.address.octets[0] = 10;
  EXPECT_EQ(decide(**engine, request), "by-name");
  request.host = "b.example";
  request.path = "/x/..//listed?query";
  EXPECT_EQ(decide(**engine, request), "by-url");
  request.path = "/";
  EXPECT_EQ(decide(**engine, request), "default");
  request.destination.address.octets[0] = 192;
  EXPECT_EQ(decide(**engine, request), "by-address");
  request.destination.address = {AF_INET, {192, 0, 2, 7}};
  request.host = "";
  request.path = "/listed/x";
  EXPECT_EQ(decide(**engine, request), "by-url") << "the host of a URL can be an address";
  request.destination.address = {AF_INET, {10, 0, 0, 2}};
  request.client = {AF_INET, {192, 0, 2, 9}};
  EXPECT_EQ(decide(**engine, request), "by-client");
  request.client = {AF_INET6, {0x20, 1}};
  EXPECT_EQ(decide(**engine, request), "default");
  EXPECT_FALSE(Engine::make(policy)) << "lists that are not there";
}

// Who is let go because of a list of names goes to that name.
TEST(Engine, AllowedByAListOfNamesNeedsTheNameVerified) {
  MemoryFiles files;
  files.texts["names"] = "a.example\n";
  files.texts["nets"] = "192.0.2.0/24\n";
  files.texts["policy.gh"] =
      "list names, nets = \"*\"\nallow named to @names\nallow net to @nets\ndeny default\n";
  const Outcome outcome = compile("policy.gh", &files, {}, {});
  auto engine =
      Engine::make(outcome.policy.SerializeAsString(), lists::ListsView::open(outcome.lists));
  ASSERT_TRUE(engine);
  EXPECT_EQ(decide(**engine, request_to("a.example", Verified::kUnknown)), "asks");
  EXPECT_EQ(decide(**engine, request_to("a.example", Verified::kYes)), "named");
  EXPECT_EQ(decide(**engine, request_to("a.example", Verified::kNo)), "net");
  EXPECT_EQ(decide(**engine, request_to("b.example", Verified::kUnknown)), "net");
}

// The policy comes from a process that reads hostile text: whatever its octets are, the engine is
// refused or decides.
TEST(Engine, HostileOctetsAreRefusedOrDecide) {
  const std::string right = compiled(
      "set n = 10.0.0.0/8, a.example, .b.example\nset c = 10.0.0.0/8\n"
      "deny a from @c to @n port 80 method GET path /x, /y/*, *.z, ~\"q$\" header X \"v*\"\n"
      "allow b when Mon-Fri 08:00-09:00 Europe/Vienna listener forward\nallow default\n");
  EXPECT_TRUE(Engine::make(right));
  EXPECT_FALSE(Engine::make(""));
  EXPECT_FALSE(Engine::make(right + "x"));
  std::mt19937 random(7);
  int taken = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::string octets = right;
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      octets[random() % octets.size()] = static_cast<char>(random());
    }
    auto engine = Engine::make(octets);
    if (!engine) continue;
    ++taken;
    EXPECT_NE(decide(**engine, request_to("a.example", Verified::kYes)), "asks");
  }
  EXPECT_GT(taken, 100);
}

TEST(Engine, MalformedPoliciesAreRefused) {
  const auto refused = [](const wire::Policy& policy) {
    return !Engine::make(policy.SerializeAsString());
  };
  wire::Policy policy;
  policy.set_version(1);
  EXPECT_TRUE(refused(policy)) << "no rule";
  policy.add_rules()->set_name("default");
  EXPECT_FALSE(refused(policy));
  wire::Policy wrong = policy;
  wrong.set_version(2);
  EXPECT_TRUE(refused(wrong));
  wrong = policy;
  wrong.mutable_rules(0)->set_verb(wire::POLICY_AUDIT);
  EXPECT_TRUE(refused(wrong)) << "the default does not decide";
  wrong = policy;
  wrong.mutable_rules(0)->add_terms()->set_verified(true);
  EXPECT_TRUE(refused(wrong)) << "the default has a condition";
  const auto with_term = [&](const auto& fill) {
    wire::Policy made;
    made.set_version(1);
    fill(made.add_rules()->add_terms());
    made.add_rules();
    return made;
  };
  EXPECT_TRUE(refused(with_term([](wire::PolicyTerm*) {})));
  EXPECT_TRUE(refused(with_term([](wire::PolicyTerm* term) { term->set_from(0); })));
  EXPECT_TRUE(refused(with_term([](wire::PolicyTerm* term) { term->mutable_to()->add_names(0); })));
  EXPECT_TRUE(
      refused(with_term([](wire::PolicyTerm* term) { term->mutable_to()->add_networks(0); })));
  EXPECT_TRUE(
      refused(with_term([](wire::PolicyTerm* term) { term->mutable_when()->set_zone(0); })));
  EXPECT_TRUE(
      refused(with_term([](wire::PolicyTerm* term) { term->mutable_path()->add_regexes("("); })));
  EXPECT_FALSE(refused(with_term([](wire::PolicyTerm* term) { term->mutable_port(); })));
}

}  // namespace
}  // namespace gatehouse::policy
