// SPDX-License-Identifier: Apache-2.0
// The floor that the parent makes of a policy, from the rule file to the verdict: never above what
// the engine allows, and as much beneath it as addresses and ports can tell.
#include "privileged/policy_floor.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <random>

#include "config/values.h"
#include "policy/engine.h"
#include "policy/language/compile.h"
#include "policy/language/numeric_floor.h"
#include "privileged/settings.h"
#include "tests/policy/memory_files.h"

namespace gatehouse::privileged {
namespace {

using Verdict = PolicyFloor::Verdict;

IpAddress ip(const std::string& text) { return config::parse_address(text).value(); }

// What stands in a configuration beside the policy's floor.
wire::Config surroundings() {
  wire::Config config;
  config.set_version(1);
  config.set_workers(1);
  config.set_sockets_per_listener(1);
  config.mutable_timeouts()->set_connect_ms(1);
  config.mutable_timeouts()->set_stall_ms(1);
  config.mutable_quota()->set_burst(1);
  config.mutable_quota()->set_per_second(1);
  const std::pair<wire::ConfigMode, std::uint32_t> listeners[] = {{wire::TRANSPARENT, 8888},
                                                                  {wire::TRANSPARENT, 8889},
                                                                  {wire::FORWARD, 3128},
                                                                  {wire::REVERSE, 8080}};
  for (const auto& [mode, port] : listeners) {
    auto* listener = config.add_listeners();
    listener->set_mode(mode);
    listener->set_port(port);
    listener->set_address(std::string(4, '\0'));
  }
  return config;
}

// A rule file the whole way: compiled, projected, serialized, checked by the parent's bounds.
struct Policy {
  explicit Policy(const std::string& text) {
    policy::MemoryFiles files;
    files.texts = {{"policy.gh", text},
                   {"names", "listed.example\n.below.example\n"},
                   {"nets", "10.0.6.0/24\n"},
                   {"urls", "url.example/a\n10.0.5.1/a\n"}};
    outcome = policy::compile("policy.gh", &files, {true, true, true}, {});
    EXPECT_EQ(outcome.errors, std::vector<std::string>()) << text;
    auto made = policy::Engine::make(outcome.policy.SerializeAsString(),
                                     lists::ListsView::open(outcome.lists));
    EXPECT_TRUE(made);
    if (made) engine = std::move(*made);
    wire::Config config = surroundings();
    auto floor = policy::numeric_floor(outcome.policy, outcome.list_forms, config.listeners());
    widened_at = floor.widened_at;
    *config.mutable_policy_floor() = std::move(floor.floor);
    auto settings = settings_from(config.SerializeAsString());
    EXPECT_TRUE(settings) << (settings ? "" : settings.error().what);
    if (settings) floors = settings->policy_floors;
  }

  Verdict judge(Mode mode, const char* client, const char* address, std::uint16_t port,
                bool proved = false) const {
    IpAddress from;
    if (client != nullptr) from = ip(client);
    return floors[static_cast<unsigned>(mode)]->judge(client != nullptr ? &from : nullptr,
                                                      {ip(address), port}, proved);
  }

  policy::Outcome outcome;
  std::unique_ptr<policy::Engine> engine;
  decltype(Settings::policy_floors) floors;
  std::string widened_at;
};

constexpr auto kT = Mode::kTransparent;
constexpr auto kF = Mode::kForward;
constexpr auto kR = Mode::kReverse;
constexpr auto kYes = Verdict::kAllowed;
constexpr auto kNo = Verdict::kDenied;
constexpr auto kProof = Verdict::kUnproved;

TEST(PolicyFloor, NumericDenialsHoldAndTheirOrderCounts) {
  const Policy policy(
      "allow one to 10.1.1.1\n"
      "deny internal to 10.0.0.0/8, fc00::/7\n"
      "deny mail port 25, 6000-6099\n"
      "deny guests from 172.20.0.0/16 port not 80, 443\n"
      "allow default\n");
  for (const Mode mode : {kT, kR}) {
    EXPECT_EQ(policy.judge(mode, "192.0.2.1", "10.1.1.1", 80), kYes);
    EXPECT_EQ(policy.judge(mode, "192.0.2.1", "10.1.1.2", 80), kNo);
    EXPECT_EQ(policy.judge(mode, "192.0.2.1", "10.255.255.255", 80), kNo);
    EXPECT_EQ(policy.judge(mode, "192.0.2.1", "11.0.0.0", 80), kYes);
    EXPECT_EQ(policy.judge(mode, "2001:db8::1", "fdff::1", 80), kNo);
    EXPECT_EQ(policy.judge(mode, "2001:db8::1", "2001:db8::2", 80), kYes);
  }
  // By a name the engine lets a client go where it denies the address: the address is not the
  // rule's.
  EXPECT_EQ(policy.judge(kF, "192.0.2.1", "10.1.1.2", 80), kYes);
  for (const Mode mode : {kT, kF, kR}) {
    EXPECT_EQ(policy.judge(mode, "192.0.2.1", "192.0.2.9", 25), kNo);
    EXPECT_EQ(policy.judge(mode, "192.0.2.1", "192.0.2.9", 6099), kNo);
    EXPECT_EQ(policy.judge(mode, "192.0.2.1", "192.0.2.9", 6100), kYes);
    EXPECT_EQ(policy.judge(mode, "172.20.1.1", "192.0.2.9", 443), kYes);
    EXPECT_EQ(policy.judge(mode, "172.20.1.1", "192.0.2.9", 8443), kNo);
    EXPECT_EQ(policy.judge(mode, "172.21.0.0", "192.0.2.9", 8443), kYes);
    // A peer that speaks for others may speak for one who is no guest.
    EXPECT_EQ(policy.judge(mode, nullptr, "192.0.2.9", 8443), kYes);
  }
}

TEST(PolicyFloor, AnAllowListIsAsWideAsItsNetworksPortsAndNames) {
  const Policy policy(
      "set agents = 10.99.0.0/16, fd42:99::/32\n"
      "allow named from @agents to pypi.org, .npmjs.org port 80, 443\n"
      "allow mirror from @agents to 192.0.2.0/24 path /pub/* when Mon-Fri UTC\n"
      "allow cdn from 10.99.0.7 to .cdn.example unverified port 8080\n"
      "deny default\n");
  EXPECT_EQ(policy.judge(kT, "10.99.0.1", "198.51.100.7", 443), kProof);
  EXPECT_EQ(policy.judge(kT, "10.99.0.1", "198.51.100.7", 443, true), kYes);
  EXPECT_EQ(policy.judge(kT, "10.98.0.1", "198.51.100.7", 443, true), kNo);
  EXPECT_EQ(policy.judge(kT, "10.99.0.1", "198.51.100.7", 8443, true), kNo);
  EXPECT_EQ(policy.judge(kT, "10.99.0.1", "192.0.2.77", 12345), kYes);
  EXPECT_EQ(policy.judge(kT, "10.99.0.1", "192.0.3.0", 12345), kNo);
  EXPECT_EQ(policy.judge(kT, "10.99.0.7", "198.51.100.7", 8080), kYes);
  EXPECT_EQ(policy.judge(kT, "10.99.0.8", "198.51.100.7", 8080), kNo);
  // Every name is true in forward mode, and what it leads to is not known to the rules.
  EXPECT_EQ(policy.judge(kF, "10.99.0.1", "198.51.100.7", 443), kYes);
  EXPECT_EQ(policy.judge(kF, "10.99.0.1", "198.51.100.7", 8443), kNo);
  EXPECT_EQ(policy.judge(kF, "10.98.0.1", "198.51.100.7", 443), kNo);
  EXPECT_EQ(policy.judge(kT, nullptr, "198.51.100.7", 443), kProof);
  EXPECT_EQ(policy.judge(kT, nullptr, "198.51.100.7", 22), kNo);
}

TEST(PolicyFloor, WhatOnlyTheWorkerSeesIsLeftToIt) {
  const Policy policy(
      "deny a to bad.example\ndeny b to 10.0.0.0/8 path /x\ndeny c from 10.1.0.0/16 method POST\n"
      "deny d port 8443 when Mon UTC\ndeny e to 10.0.0.0/8 verified\ndeny f header X\n"
      "deny g listener 8889\ndeny h listener forward port 99\nallow default\n");
  for (const std::uint16_t port : {80, 8443, 99}) {
    EXPECT_EQ(policy.judge(kT, "10.1.0.1", "10.0.0.1", port), kYes);
  }
  EXPECT_EQ(policy.judge(kF, "10.1.0.1", "10.0.0.1", 99), kNo);
  EXPECT_EQ(policy.judge(kF, "10.1.0.1", "10.0.0.1", 98), kYes);
}

TEST(PolicyFloor, AListenersPortIsAModeWhereAllOfItsListenersHaveIt) {
  const Policy policy("deny proxy listener 3128 port 25\nallow r listener 8080\ndeny default\n");
  EXPECT_EQ(policy.judge(kF, "10.1.0.1", "192.0.2.1", 80), kNo);
  EXPECT_EQ(policy.judge(kR, "10.1.0.1", "192.0.2.1", 80), kYes);
  EXPECT_EQ(policy.judge(kT, "10.1.0.1", "192.0.2.1", 80), kNo);
}

TEST(PolicyFloor, ListsOfNamesNeedAProofThoseOfAddressesCannot) {
  const Policy names("list names = \"names\" as plain\nallow l to @names\ndeny default\n");
  EXPECT_EQ(names.judge(kT, "10.1.0.1", "192.0.2.1", 80), kProof);
  const Policy nets("list nets = \"nets\" as networks\nallow l to @nets port 80\ndeny default\n");
  EXPECT_EQ(nets.judge(kT, "10.1.0.1", "192.0.2.1", 80), kYes);
  EXPECT_EQ(nets.judge(kT, "10.1.0.1", "192.0.2.1", 81), kNo);
  const Policy urls("list urls = \"urls\" as urls\nallow l to @urls port 80\ndeny default\n");
  EXPECT_EQ(urls.judge(kT, "10.1.0.1", "192.0.2.1", 80), kYes);
  const Policy mixed(
      "list nets = \"nets\" as networks\ndeny l from 10.9.0.0/16, @nets\nallow default\n");
  EXPECT_EQ(mixed.judge(kT, "10.9.0.1", "192.0.2.1", 80), kNo);
  EXPECT_EQ(mixed.judge(kT, "10.0.6.1", "192.0.2.1", 80), kYes);
}

TEST(PolicyFloor, WhatDoesNotFitIsAllowed) {
  std::string rules;
  for (int i = 0; i < 1100; ++i) {
    const std::string name = std::to_string(i);
    rules += "deny r" + name + " port " + std::to_string(10000 + i) + "\n";
  }
  const Policy policy(rules + "deny default\n");
  EXPECT_EQ(policy.widened_at, "r1023");
  EXPECT_EQ(policy.judge(kT, "10.0.0.1", "192.0.2.1", 10000), kNo);
  EXPECT_EQ(policy.judge(kT, "10.0.0.1", "192.0.2.1", 11022), kNo);
  EXPECT_EQ(policy.judge(kT, "10.0.0.1", "192.0.2.1", 11023), kYes);
}

TEST(PolicyFloor, ASetThatDoesNotFitCountsAsAnyAddress) {
  std::string set = "set many = 10.0.0.0/32";
  for (int i = 1; i < 5000; ++i) {
    set += ",\n  10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
  }
  const Policy policy(set + "\ndeny few to 10.0.0.3\nallow many to @many port 80\ndeny default\n");
  EXPECT_EQ(policy.widened_at, "many");
  EXPECT_EQ(policy.judge(kT, "10.0.0.1", "10.0.0.3", 80), kNo);
  EXPECT_EQ(policy.judge(kT, "10.0.0.1", "192.0.2.1", 80), kYes);
  EXPECT_EQ(policy.judge(kT, "10.0.0.1", "192.0.2.1", 81), kNo);
}

// --- Engine allows, so floor allows; for random rules and requests
// ---------------------------------

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  bool one_in(unsigned n) { return random_() % n == 0; }
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  template <class List>
  auto pick(const List& list) {
    return list[below(static_cast<unsigned>(std::size(list)))];
  }
  // One or two of them.
  template <class List>
  std::string some(const List& list) {
    std::string text = pick(list);
    if (one_in(3)) text += std::string(", ") + pick(list);
    return (one_in(4) ? "not " : "") + text;
  }

 private:
  std::mt19937 random_;
};

constexpr const char* kNetworks[] = {"10.0.0.0/16", "10.0.1.0/24", "10.0.1.128/25", "10.0.5.1",
                                     "10.0.6.0/23", "0.0.0.0/1",   "fd00::/16",     "fd00:1::/32",
                                     "@nets",       "@two"};
constexpr const char* kTo[] = {"10.0.0.0/16", "10.0.1.0/24", "10.0.5.1", "fd00:1::/32",
                               "@nets",       "@two",        "@names",   "@urls",
                               "a.example",   ".b.example",  "@both"};
constexpr const char* kAddresses[] = {"10.0.0.0", "10.0.1.5",   "10.0.1.200", "10.0.5.1",
                                      "10.0.6.9", "10.0.7.255", "200.1.1.1",  "127.255.255.255",
                                      "fd00::1",  "fd00:1::1",  "fd01::1"};
constexpr const char* kHosts[] = {"a.example",       "x.b.example", "listed.example",
                                  "c.below.example", "url.example", "other.example"};
constexpr std::uint16_t kPorts[] = {80, 81, 443, 8000, 8080};

std::string random_rule(Dice& dice, int number) {
  const bool allow = dice.one_in(2);
  std::string rule = std::string(allow ? "allow" : "deny") + " r" + std::to_string(number);
  bool any = false, name = false;
  const auto term = [&](unsigned n, const std::string& text) {
    if (!dice.one_in(n)) return false;
    rule += " " + text;
    return any = true;
  };
  term(3, "from " + dice.some(kNetworks));
  term(6, "listener " + dice.some(std::array{"transparent", "forward", "reverse", "8888", "3128",
                                             "8889", "8080"}));
  term(3, "port " + dice.some(std::array{"80", "81", "443", "80-90", "8000-65535"}));
  const std::string to = dice.some(kTo);
  if (term(2, "to " + to)) {
    name = to.find("example") != to.npos || to.find("@names") != to.npos ||
           to.find("@urls") != to.npos || to.find("@both") != to.npos;
  }
  term(8, "method GET");
  term(8, "path /a");
  term(10, "when Mon-Fri UTC");
  if (name && allow && dice.one_in(4)) {
    rule += " unverified";
  } else {
    term(8, dice.one_in(3) ? "not verified" : "verified");
  }
  if (!any) rule += " port 80";
  return rule + "\n";
}

struct RandomRequest {
  policy::Request request;
  Mode mode;
  IpAddress client;
  Endpoint target;  // as the parent sees it
  bool proved = false;
  bool others = false;
};

RandomRequest random_request(Dice& dice) {
  RandomRequest r;
  r.mode = static_cast<Mode>(dice.below(kModes));
  r.client = ip(dice.pick(kAddresses));
  r.target = {ip(dice.pick(kAddresses)), dice.pick(kPorts)};
  r.others = dice.one_in(5);
  policy::Request& q = r.request;
  q.client = r.client;
  if (r.others) q.client = ip(dice.pick(kAddresses));
  q.mode = static_cast<wire::ConfigMode>(r.mode);
  q.listener_port = r.mode == kF   ? std::uint16_t{3128}
                    : r.mode == kR ? std::uint16_t{8080}
                                   : dice.pick(std::array<std::uint16_t, 2>{8888, 8889});
  q.destination = r.target;
  q.now = 1'780'000'000 + dice.below(7) * 86'400;
  const bool tunnel = r.mode == kT && dice.one_in(5), literal = dice.one_in(4);
  if (!tunnel) {
    q.method = dice.one_in(2) ? "GET" : "POST";
    q.path = dice.one_in(2) ? "/a" : "/b";
    if (!literal) q.host = dice.pick(kHosts);
  }
  q.verified = policy::Verified::kYes;
  if (r.mode == kF && !literal) q.destination.address = {};
  if (r.mode == kT && (tunnel || !literal)) {
    r.proved = !tunnel && dice.one_in(2);
    q.verified = r.proved ? policy::Verified::kYes : policy::Verified::kNo;
  }
  return r;
}

TEST(PolicyFloor, WhatTheEngineAllowsTheFloorAllows) {
  constexpr int kPolicies = 3000, kRequests = 60;
  int allowed = 0, refused = 0, denied = 0;
  for (int seed = 0; seed < kPolicies; ++seed) {
    Dice dice(static_cast<unsigned>(seed));
    std::string text =
        "list nets = \"nets\" as networks\nlist names = \"names\" as plain\n"
        "list urls = \"urls\" as urls\nset two = 10.0.7.0/24, fd00::/15\n"
        "set both = 10.0.1.0/24, b.example\n";
    const int rules = 1 + static_cast<int>(dice.below(8));
    for (int i = 0; i < rules; ++i) text += random_rule(dice, i);
    text += dice.one_in(3) ? "allow default\n" : "deny default\n";
    const Policy policy(text);
    ASSERT_TRUE(policy.engine) << text;
    policy::Decision decision;
    for (int i = 0; i < kRequests; ++i) {
      const RandomRequest r = random_request(dice);
      policy.engine->decide(r.request, &decision);
      const auto verdict = policy.floors[static_cast<unsigned>(r.mode)]->judge(
          r.others ? nullptr : &r.client, r.target, r.proved);
      if (decision.rule->verb() == wire::POLICY_ALLOW) {
        ++allowed;
        ASSERT_EQ(verdict, kYes) << "seed " << seed << ", mode " << static_cast<int>(r.mode)
                                 << ", client " << to_string(r.request.client) << ", to "
                                 << to_string(r.target) << ", host " << r.request.host << ", rule "
                                 << decision.rule->name() << " of\n"
                                 << text;
      } else {
        ++denied;
        if (verdict != kYes) ++refused;
      }
    }
  }
  // So that a floor that allows everything can't pass.
  EXPECT_GT(refused * 2, denied);
  std::printf("%d allowed; of %d denied the floor alone refuses %d\n", allowed, denied, refused);
}

// --- Time
// ------------------------------------------------------------------------------------------

TEST(PolicyFloor, AVerdictTakesLessThanHalfAMicrosecondWith200Rules) {
  std::string text;
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    text += "deny r" + n + " from 10." + n + ".0.0/16 to 192.0.2.0/24, 172." + n +
            ".0.0/16 port not 80, " + std::to_string(8000 + i) + "\n";
  }
  const Policy policy(text + "allow default\n");
  const PolicyFloor& floor = *policy.floors[0];
  std::vector<IpAddress> clients, servers;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(ip("10." + std::to_string(i * 3) + ".1.2"));
    servers.push_back(ip("172." + std::to_string(i * 3 + 1) + ".3.4"));
  }
  double best = 1e9;
  unsigned yes = 0;
  for (int round = 0; round < 20; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < 20'000; ++i) {
      const Endpoint target{servers[i * 7 % 64], static_cast<std::uint16_t>(8000 + i % 300)};
      yes += floor.judge(&clients[i % 64], target, false) == kYes;
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count() / 20'000);
  }
  EXPECT_GT(yes, 0U);
  std::printf("%.0f ns for a verdict\n", best);
#ifndef __SANITIZE_ADDRESS__
  EXPECT_LT(best, 500);
#endif
}

}  // namespace
}  // namespace gatehouse::privileged
