// SPDX-License-Identifier: Apache-2.0
// Right configurations of the three modes: defaults, every key, when DNS servers are there.
#include <gtest/gtest.h>

#include <string>

#include "config/config.h"

namespace gatehouse::config {
namespace {

const Surroundings kAround{4, "gatehouse-0123", "nameserver 198.51.100.53\nnameserver ::1\n"};
const std::string kHostServer("\xc6\x33\x64\x35", 4);

wire::Config parsed(std::string_view text, const Surroundings& around = kAround) {
  const Outcome outcome = parse(text, "c", around);
  for (const std::string& error : outcome.errors) ADD_FAILURE() << error;
  return outcome.config;
}

constexpr std::string_view kEverything = R"(
[gateway]
workers = 2
clients = ["10.0.0.0/8"]
host_check = "enforce"

[[listen]]
on_not_http = "tunnel"

[[listen]]
mode = "forward"
address = "10.0.0.1"
port = 8080
proxy_from = ["10.0.0.9", "fd00::/8"]

[[listen]]
mode = "reverse"
address = "192.0.2.1"
upstream = "static"

[[listen]]
mode = "reverse"
address = "192.0.2.2"
port = 81
upstream = "app"

[forward]
ports = ["80", 8080, "9000-9999"]
connect_ports = ["443", "8443"]
allow_private = ["10.1.0.0/16", "fd00::/8", "0.0.0.0/0"]
source_address = "client"

[resolver]
servers = ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::54]:54"]
timeout = "500ms"
tries = 4

[[upstream]]
name = "app"
servers = ["10.0.0.5:8080", "[2001:db8::5]:8081"]
host = "app.example:8080"
source_address = "client"
proxy_protocol = "v2"
fails = 5
down = "1m"

[[upstream]]
name = "static"
servers = ["10.0.0.5:8080"]
host = "keep"

[timeouts]
tunnel = "5m"

[limits]
min_rate = "2KiB/s"
connections_per_source = 100

[errors]
template = """
<h1>{{status}} {{reason}}</h1>
<p>{{sentence}} <small>{{reference}}</small></p>
"""
)";

TEST(ConfigModes, ListenersOfAllModes) {
  const wire::Config config = parsed(kEverything);
  EXPECT_EQ(config.host_check(), wire::HOST_CHECK_ENFORCE);
  ASSERT_EQ(config.listeners_size(), 5);
  for (const int i : {0, 1}) {
    EXPECT_EQ(config.listeners(i).mode(), wire::TRANSPARENT);
    EXPECT_TRUE(config.listeners(i).tunnel_not_http());
    EXPECT_EQ(config.listeners(i).intercept_ports(0), 80U);
    EXPECT_EQ(config.listeners(i).port(), 8888U);
  }
  const wire::ConfigListener& forward = config.listeners(2);
  EXPECT_EQ(forward.mode(), wire::FORWARD);
  EXPECT_EQ(forward.port(), 8080U);
  EXPECT_EQ(forward.intercept_ports_size(), 0);
  ASSERT_EQ(forward.proxy_from_size(), 2);
  EXPECT_EQ(forward.proxy_from(0).address(), std::string("\x0a\0\0\x09", 4));
  EXPECT_EQ(forward.proxy_from(0).prefix(), 32U);
  EXPECT_EQ(forward.proxy_from(1).prefix(), 8U);
  EXPECT_EQ(config.listeners(3).mode(), wire::REVERSE);
  EXPECT_EQ(config.listeners(3).port(), 80U);
  EXPECT_EQ(config.listeners(3).upstream(), 1U) << "an index in the order of the text";
  EXPECT_EQ(config.listeners(4).upstream(), 0U);
  EXPECT_EQ(config.listeners(4).port(), 81U);
}

TEST(ConfigModes, WhereForwardClientsMayGo) {
  const wire::ConfigForward forward = parsed(kEverything).forward();
  ASSERT_EQ(forward.ports_size(), 3);
  EXPECT_EQ(forward.ports(1).first(), 8080U);
  EXPECT_EQ(forward.ports(1).last(), 8080U);
  EXPECT_EQ(forward.ports(2).first(), 9000U);
  EXPECT_EQ(forward.ports(2).last(), 9999U);
  ASSERT_EQ(forward.connect_ports_size(), 2);
  EXPECT_EQ(forward.connect_ports(1).first(), 8443U);
  ASSERT_EQ(forward.allow_private_size(), 3);
  EXPECT_EQ(forward.allow_private(0).prefix(), 16U);
  EXPECT_TRUE(forward.keep_source());
}

TEST(ConfigModes, UpstreamsAndTheirServers) {
  const wire::Config config = parsed(kEverything);
  ASSERT_EQ(config.upstreams_size(), 2);
  const wire::ConfigUpstream& app = config.upstreams(0);
  EXPECT_EQ(app.name(), "app");
  ASSERT_EQ(app.servers_size(), 2);
  EXPECT_EQ(app.servers(0).id(), 1U);
  EXPECT_EQ(app.servers(0).address(), std::string("\x0a\0\0\x05", 4));
  EXPECT_EQ(app.servers(0).port(), 8080U);
  EXPECT_EQ(app.servers(1).id(), 2U);
  EXPECT_EQ(app.servers(1).address().size(), 16U);
  EXPECT_EQ(app.servers(1).port(), 8081U);
  EXPECT_EQ(app.host(), "app.example:8080");
  EXPECT_TRUE(app.keep_source());
  EXPECT_EQ(app.proxy_protocol(), 2U);
  EXPECT_EQ(app.fails(), 5U);
  EXPECT_EQ(app.down_ms(), 60'000U);
  const wire::ConfigUpstream& other = config.upstreams(1);
  EXPECT_EQ(other.servers(0).id(), 3U) << "the same server of another group is another one";
  EXPECT_EQ(other.host(), "");
  EXPECT_FALSE(other.keep_source());
  EXPECT_EQ(other.proxy_protocol(), 0U);
  EXPECT_EQ(other.fails(), 3U);
  EXPECT_EQ(other.down_ms(), 10'000U);
}

TEST(ConfigModes, TheOtherNewKeys) {
  const wire::Config config = parsed(kEverything);
  EXPECT_EQ(config.timeouts().tunnel_ms(), 300'000U);
  EXPECT_EQ(config.limits().min_rate(), 2048U);
  EXPECT_EQ(config.limits().connections_per_source(), 100U);
  EXPECT_EQ(config.error_template(),
            "<h1>{{status}} {{reason}}</h1>\n<p>{{sentence}} <small>{{reference}}</small></p>\n");
  const wire::ConfigResolver& resolver = config.resolver();
  ASSERT_EQ(resolver.servers_size(), 4);
  EXPECT_EQ(resolver.servers(0).port(), 53U);
  EXPECT_EQ(resolver.servers(1).port(), 5353U);
  EXPECT_EQ(resolver.servers(2).port(), 53U);
  EXPECT_EQ(resolver.servers(3).port(), 54U);
  EXPECT_EQ(resolver.servers(3).address().size(), 16U);
  EXPECT_EQ(resolver.timeout_ms(), 500U);
  EXPECT_EQ(resolver.tries(), 4U);
}

TEST(ConfigModes, Defaults) {
  const wire::Config config = parsed("");
  EXPECT_EQ(config.host_check(), wire::HOST_CHECK_OFF);
  EXPECT_FALSE(config.listeners(0).tunnel_not_http());
  EXPECT_EQ(config.listeners(0).proxy_from_size(), 0);
  EXPECT_EQ(config.upstreams_size(), 0);
  const wire::ConfigForward& forward = config.forward();
  ASSERT_EQ(forward.ports_size(), 2);
  EXPECT_EQ(forward.ports(0).first(), 80U);
  EXPECT_EQ(forward.ports(0).last(), 80U);
  EXPECT_EQ(forward.ports(1).first(), 1024U);
  EXPECT_EQ(forward.ports(1).last(), 65535U);
  ASSERT_EQ(forward.connect_ports_size(), 1);
  EXPECT_EQ(forward.connect_ports(0).first(), 443U);
  EXPECT_EQ(forward.connect_ports(0).last(), 443U);
  EXPECT_EQ(forward.allow_private_size(), 0);
  EXPECT_FALSE(forward.keep_source());
  EXPECT_EQ(config.resolver().servers_size(), 0) << "nothing needs names";
  EXPECT_EQ(config.resolver().timeout_ms(), 2'000U);
  EXPECT_EQ(config.resolver().tries(), 2U);
  EXPECT_EQ(config.timeouts().tunnel_ms(), 3'600'000U);
  EXPECT_EQ(config.limits().min_rate(), 500U);
  EXPECT_EQ(config.limits().connections_per_source(), 0U);
  EXPECT_EQ(config.error_template(), "");
}

TEST(ConfigModes, ThePortOfAForwardListenerIsTheUsualOne) {
  const wire::Config config =
      parsed("[gateway]\nclients = [\"10.0.0.0/8\"]\n[[listen]]\nmode = \"forward\"\n");
  ASSERT_EQ(config.listeners_size(), 2);
  EXPECT_EQ(config.listeners(0).port(), 3128U);
}

TEST(ConfigModes, NothingAndUnlimitedCanBeWritten) {
  const wire::Config config = parsed(
      "[forward]\nports = []\nconnect_ports = []\n[limits]\nmin_rate = \"off\"\n"
      "connections_per_source = \"unlimited\"\n[errors]\ntemplate = \"\"\n");
  EXPECT_EQ(config.forward().ports_size(), 0);
  EXPECT_EQ(config.forward().connect_ports_size(), 0);
  EXPECT_EQ(config.limits().min_rate(), 0U);
  EXPECT_EQ(config.limits().connections_per_source(), 0U);
}

TEST(ConfigModes, TheHostsDnsServersAreTakenWhereNamesAreNeeded) {
  const char* const needy[] = {
      "[gateway]\nhost_check = \"tag\"\n",
      "[gateway]\nhost_check = \"enforce\"\n[resolver]\ntries = 3\n",
      "[gateway]\nclients = [\"10.0.0.0/8\"]\n[[listen]]\nmode = \"forward\"\n",
  };
  for (const char* text : needy) {
    const wire::Config config = parsed(text);
    ASSERT_EQ(config.resolver().servers_size(), 2) << text;
    EXPECT_EQ(config.resolver().servers(0).address(), kHostServer);
    EXPECT_EQ(config.resolver().servers(0).port(), 53U);
  }
  const wire::Config own =
      parsed("[gateway]\nhost_check = \"tag\"\n[resolver]\nservers = [\"192.0.2.9\"]\n");
  ASSERT_EQ(own.resolver().servers_size(), 1);
  EXPECT_NE(own.resolver().servers(0).address(), kHostServer);
}

TEST(ConfigModes, WhereNoNameIsNeededThereIsNoDnsServer) {
  const char* const others[] = {
      "",
      "[resolver]\nservers = [\"192.0.2.9\"]\n",
      ("[gateway]\nhost_check = \"tag\"\n[[listen]]\nmode = \"reverse\"\nupstream = \"a\"\n"
       "[[upstream]]\nname = \"a\"\nservers = [\"10.0.0.1:80\"]\n"),
  };
  for (const char* text : others) {
    EXPECT_EQ(parsed(text).resolver().servers_size(), 0) << text;
    parsed(text, {4, "p"});  // and none is missed
  }
}

TEST(ConfigModes, WhatOfTheHostIsNotUsedIsNoted) {
  const Surroundings around{4, "p", "nameserver 192.0.2.1\nnameserver fe80::1%eth0\n"};
  const Outcome outcome = parse("[gateway]\nhost_check = \"tag\"\n", "c", around);
  EXPECT_EQ(outcome.errors, std::vector<std::string>{});
  EXPECT_EQ(outcome.notes,
            std::vector<std::string>{"/etc/resolv.conf:2: nameserver fe80::1%eth0 is not used: an "
                                     "address with a zone is none that the gateway can ask"});
  EXPECT_EQ(parse("", "c", around).notes, std::vector<std::string>{}) << "it is not looked at";
}

TEST(ConfigModes, TheDescriptionParsesToTheSame) {
  std::string long_lists = "[gateway]\nclients = [";
  for (int i = 0; i < 256; ++i) long_lists += "\n\"2001:db8:" + std::to_string(i) + "::/48\",";
  long_lists += "]\n[errors]\ntemplate = '''<p>" + std::string(3000, ' ') + "\"\"\"\\\u00e9'''\n";
  for (const std::string& text : {std::string(kEverything), long_lists}) {
    const wire::Config config = parsed(text);
    const std::string described = describe(config);
    // Without the host's file: what was taken from it is written out.
    EXPECT_EQ(parsed(described, {1, "other"}).SerializeAsString(), config.SerializeAsString())
        << described;
  }
}

TEST(ConfigModes, TheSummaryNamesEachMode) {
  EXPECT_EQ(summarize(parsed(kEverything)),
            "2 workers for each mode, transparent on 0.0.0.0:8888 and [::]:8888, source address of "
            "the client, forward on 10.0.0.1:8080, reverse on 192.0.2.1:80 and 192.0.2.2:81, "
            "access log in access.log");
}

}  // namespace
}  // namespace gatehouse::config
