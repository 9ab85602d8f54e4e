// SPDX-License-Identifier: Apache-2.0
// Every bound that the parent sets to what a taken-over loader may say.
#include "privileged/settings.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "proto/config.pb.h"

namespace gatehouse::privileged {
namespace {

constexpr std::uint32_t kDay = 86'400'000;
const std::string kAddress("\x0a\x00\x00\x01", 4);

wire::Config good() {
  wire::Config config;
  config.set_version(1);
  config.set_workers(2);
  config.set_keep_source(true);
  config.set_sockets_per_listener(16);
  auto* listener = config.add_listeners();
  listener->set_address(kAddress);
  listener->set_port(8888);
  listener->add_intercept_ports(80);
  auto* client = config.add_clients();
  client->set_address(kAddress);
  client->set_prefix(8);
  config.mutable_timeouts()->set_connect_ms(5000);
  config.mutable_timeouts()->set_stall_ms(30'000);
  config.mutable_timeouts()->set_drain_ms(30'000);
  config.mutable_quota()->set_burst(64);
  config.mutable_quota()->set_per_second(100);
  return config;
}

Result<Settings> settings(const wire::Config& config) {
  return settings_from(config.SerializeAsString());
}

TEST(Settings, AreTakenFromAGoodConfiguration) {
  const auto made = settings(good());
  ASSERT_TRUE(made);
  EXPECT_EQ(made->workers, 2u);
  EXPECT_TRUE(made->keep_source);
  EXPECT_EQ(made->sockets_per_listener, 16u);
  ASSERT_EQ(made->listeners.size(), 1u);
  EXPECT_EQ(to_string(made->listeners[0].endpoint), "10.0.0.1:8888");
  EXPECT_EQ(made->connect_timeout.count(), 5000);
  EXPECT_EQ(made->stall_timeout.count(), 30'000);
  EXPECT_EQ(made->quota_burst, 64u);
  EXPECT_EQ(made->quota_per_second, 100u);
}

// A number with its lowest and highest value: these pass, their neighbours outside don't.
struct Bound {
  const char* name;
  std::function<void(wire::Config&, std::uint64_t)> set;
  std::uint64_t low, high;
};

void fill(std::uint64_t n, const std::function<void()>& add) {
  for (std::uint64_t i = 0; i < n; ++i) add();
}

const Bound kBounds[] = {
    {"version", [](auto& c, auto v) { c.set_version(static_cast<std::uint32_t>(v)); }, 1, 1},
    {"workers", [](auto& c, auto v) { c.set_workers(static_cast<std::uint32_t>(v)); }, 1, 64},
    {"sockets_per_listener",
     [](auto& c, auto v) { c.set_sockets_per_listener(static_cast<std::uint32_t>(v)); }, 1, 64},
    {"number of listeners",
     [](auto& c, auto v) {
       const auto listener = c.listeners(0);
       c.clear_listeners();
       fill(v, [&] { *c.add_listeners() = listener; });
     },
     1, 16},
    {"number of clients",
     [](auto& c, auto v) {
       const auto client = c.clients(0);
       c.clear_clients();
       fill(v, [&] { *c.add_clients() = client; });
     },
     0, 256},
    {"connect_ms",
     [](auto& c, auto v) { c.mutable_timeouts()->set_connect_ms(static_cast<std::uint32_t>(v)); },
     1, kDay},
    {"stall_ms",
     [](auto& c, auto v) { c.mutable_timeouts()->set_stall_ms(static_cast<std::uint32_t>(v)); }, 1,
     kDay},
    {"drain_ms",
     [](auto& c, auto v) { c.mutable_timeouts()->set_drain_ms(static_cast<std::uint32_t>(v)); }, 0,
     kDay},
    {"burst", [](auto& c, auto v) { c.mutable_quota()->set_burst(static_cast<std::uint32_t>(v)); },
     1, 1'000'000},
    {"per_second",
     [](auto& c, auto v) { c.mutable_quota()->set_per_second(static_cast<std::uint32_t>(v)); }, 1,
     1'000'000},
    {"listener port",
     [](auto& c, auto v) { c.mutable_listeners(0)->set_port(static_cast<std::uint32_t>(v)); }, 1,
     65535},
    {"intercepted port",
     [](auto& c, auto v) {
       c.mutable_listeners(0)->set_intercept_ports(0, static_cast<std::uint32_t>(v));
     },
     1, 65535},
    {"number of intercepted ports",
     [](auto& c, auto v) {
       c.mutable_listeners(0)->clear_intercept_ports();
       fill(v, [&] { c.mutable_listeners(0)->add_intercept_ports(80); });
     },
     1, 64},
    {"prefix of an IPv4 network",
     [](auto& c, auto v) { c.mutable_clients(0)->set_prefix(static_cast<std::uint32_t>(v)); }, 0,
     32},
    {"prefix of an IPv6 network",
     [](auto& c, auto v) {
       c.mutable_clients(0)->set_address(std::string(16, '\x20'));
       c.mutable_clients(0)->set_prefix(static_cast<std::uint32_t>(v));
     },
     0, 128},
};

const Bound kExplicitBounds[] = {
    {"mode",
     [](auto& c, auto v) { c.mutable_listeners(0)->set_mode(static_cast<wire::ConfigMode>(v)); }, 0,
     2},
    {"number of forward ports",
     [](auto& c, auto v) {
       fill(v, [&] {
         auto* range = c.mutable_forward()->add_ports();
         range->set_first(80);
         range->set_last(80);
       });
     },
     0, 64},
    {"end of a port range",
     [](auto& c, auto v) {
       auto* range = c.mutable_forward()->add_connect_ports();
       range->set_first(443);
       range->set_last(static_cast<std::uint32_t>(v));
     },
     443, 65535},
    {"number of private networks",
     [](auto& c, auto v) {
       fill(v, [&] { *c.mutable_forward()->add_allow_private() = c.clients(0); });
     },
     0, 256},
    {"number of DNS servers",
     [](auto& c, auto v) {
       fill(v, [&] {
         auto* server = c.mutable_resolver()->add_servers();
         server->set_address(kAddress);
         server->set_port(53);
       });
     },
     0, 8},
    {"number of upstream servers",
     [](auto& c, auto v) {
       auto* upstream = c.add_upstreams();
       std::uint32_t id = 0;
       fill(v, [&] {
         auto* server = upstream->add_servers();
         server->set_id(++id);
         server->set_address(kAddress);
         server->set_port(80);
       });
     },
     0, 1024},
};

// A configuration whose policy floor has a rule about a set in each mode.
wire::ConfigPolicyFloor* with_floor(wire::Config& config) {
  auto* floor = config.mutable_policy_floor();
  *floor->add_sets()->add_networks() = config.clients(0);
  for (unsigned mode = 0; mode < kModes; ++mode) {
    auto* rule = floor->add_modes()->add_rules();
    rule->mutable_client()->set_set(0);
    rule->mutable_destination()->set_set(0);
  }
  return floor;
}

const Bound kFloorBounds[] = {
    {"number of peers with a PROXY header",
     [](auto& c, auto v) {
       fill(v, [&] { *c.mutable_listeners(0)->add_proxy_from() = c.clients(0); });
     },
     0, 64},
    {"number of sets",
     [](auto& c, auto v) {
       auto* floor = with_floor(c);
       floor->clear_sets();
       for (auto& mode : *floor->mutable_modes()) mode.clear_rules();
       fill(v, [&] { floor->add_sets(); });
     },
     0, 1024},
    {"number of networks",
     [](auto& c, auto v) {
       auto* floor = with_floor(c);
       floor->mutable_sets(0)->clear_networks();
       floor->add_sets();
       fill(v, [&] { *floor->mutable_sets(v % 2)->add_networks() = c.clients(0); });
     },
     0, 4096},
    {"prefix of a network of a set",
     [](auto& c, auto v) {
       with_floor(c)->mutable_sets(0)->mutable_networks(0)->set_prefix(
           static_cast<std::uint32_t>(v));
     },
     0, 32},
    {"number of rules",
     [](auto& c, auto v) {
       auto* mode = with_floor(c)->mutable_modes(2);
       mode->clear_rules();
       fill(v, [&] { mode->add_rules(); });
     },
     0, 1024},
    {"a rule's set of clients",
     [](auto& c, auto v) {
       with_floor(c)->mutable_modes(1)->mutable_rules(0)->mutable_client()->set_set(
           static_cast<std::uint32_t>(v));
     },
     0, 0},
    {"a rule's set of destinations",
     [](auto& c, auto v) {
       with_floor(c)->mutable_modes(0)->mutable_rules(0)->mutable_destination()->set_set(
           static_cast<std::uint32_t>(v));
     },
     0, 0},
    {"number of a rule's port ranges",
     [](auto& c, auto v) {
       auto* rule = with_floor(c)->mutable_modes(0)->mutable_rules(0);
       fill(v, [&] {
         auto* range = rule->add_ports();
         range->set_first(80);
         range->set_last(80);
       });
     },
     0, 4096},
    {"end of a rule's port range",
     [](auto& c, auto v) {
       auto* range = with_floor(c)->mutable_modes(0)->mutable_rules(0)->add_ports();
       range->set_first(443);
       range->set_last(static_cast<std::uint32_t>(v));
     },
     443, 65535},
};

TEST(Settings, APolicysFloorIsOfEveryMode) {
  wire::Config config = good();
  with_floor(config);
  const auto every = settings(config);
  ASSERT_TRUE(every);
  for (const auto& floor : every->policy_floors) EXPECT_NE(floor, nullptr);
  config.mutable_policy_floor()->mutable_modes()->RemoveLast();
  EXPECT_FALSE(settings(config));
  with_floor(config);
  EXPECT_FALSE(settings(config));
  EXPECT_EQ(settings(good())->policy_floors[0], nullptr) << "no policy";
}

TEST(Settings, EveryBoundHolds) {
  std::vector<Bound> all(std::begin(kBounds), std::end(kBounds));
  all.insert(all.end(), std::begin(kFloorBounds), std::end(kFloorBounds));
  all.insert(all.end(), std::begin(kExplicitBounds), std::end(kExplicitBounds));
  for (const Bound& bound : all) {
    const auto accepted = [&](std::uint64_t value) {
      wire::Config config = good();
      bound.set(config, value);
      return static_cast<bool>(settings(config));
    };
    EXPECT_TRUE(accepted(bound.low)) << bound.name << ' ' << bound.low;
    EXPECT_TRUE(accepted(bound.high)) << bound.name << ' ' << bound.high;
    EXPECT_FALSE(accepted(bound.high + 1)) << bound.name << ' ' << bound.high + 1;
    const bool counted = std::string_view(bound.name).substr(0, 6) == "number";
    if (!counted) {
      EXPECT_FALSE(accepted(~0U)) << bound.name;
    }
    // What another mode may leave out is the loader's to ask for.
    if (bound.low > 0 && std::string_view(bound.name) != "number of intercepted ports") {
      EXPECT_FALSE(accepted(bound.low - 1)) << bound.name << ' ' << bound.low - 1;
    }
  }
}

TEST(Settings, AnAddressHasFourOrSixteenOctets) {
  for (std::size_t size = 0; size < 20; ++size) {
    wire::Config config = good();
    config.mutable_listeners(0)->set_address(std::string(size, '\x01'));
    EXPECT_EQ(static_cast<bool>(settings(config)), size == 4 || size == 16) << size;
    config = good();
    config.mutable_clients(0)->set_address(std::string(size, '\x01'));
    EXPECT_EQ(static_cast<bool>(settings(config)), size == 4 || size == 16) << size;
  }
}

TEST(Settings, WhatIsNoConfigurationIsRefused) {
  const std::string whole = good().SerializeAsString();
  EXPECT_FALSE(settings_from(""));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(settings_from(whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(settings_from(std::string(1000, '\xff')));
  EXPECT_FALSE(settings_from(std::string("\x08\x81\x00", 3) + whole.substr(2)))
      << "a version in more octets than it needs";
}

TEST(Settings, InterceptsThePortsOfEveryListener) {
  wire::Config config = good();
  auto* second = config.add_listeners();
  *second = config.listeners(0);
  second->set_port(8889);
  second->set_intercept_ports(0, 8080);
  const auto made = settings(config);
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->intercepts(80));
  EXPECT_TRUE(made->intercepts(8080));
  EXPECT_FALSE(made->intercepts(81));
  EXPECT_FALSE(made->intercepts(8888)) << "the listener's own port";
}

TEST(Settings, ServeTheNamedClientsOnly) {
  const auto client = [](const char* text) {
    IpAddress address{AF_INET, {}};
    EXPECT_EQ(inet_pton(AF_INET, text, address.octets.data()), 1);
    return address;
  };
  wire::Config config = good();
  auto made = settings(config);
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->serves(client("10.1.2.3")));
  EXPECT_FALSE(made->serves(client("11.1.2.3")));
  EXPECT_FALSE(made->serves(IpAddress{AF_INET6, {}}));
  config.clear_clients();
  made = settings(config);
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->serves(client("11.1.2.3"))) << "any unicast source";
  for (const char* text : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "169.254.1.1"}) {
    EXPECT_FALSE(made->serves(client(text))) << text;
  }
}

}  // namespace
}  // namespace gatehouse::privileged
