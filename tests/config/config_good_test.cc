// SPDX-License-Identifier: Apache-2.0
// Right configurations: defaults, every key, and that the printed settings mean the same.
#include <gtest/gtest.h>

#include <string>

#include "config/config.h"

namespace gatehouse::config {
namespace {

const Surroundings kAround{4, "gatehouse-0123"};

wire::Config parsed(std::string_view text) {
  const Outcome outcome = parse(text, "c", kAround);
  for (const std::string& error : outcome.errors) ADD_FAILURE() << error;
  return outcome.config;
}

TEST(ConfigGood, AnEmptyFileIsAWorkingTransparentGateway) {
  const wire::Config config = parsed("");
  EXPECT_EQ(config.version(), 1U);
  EXPECT_EQ(config.workers(), 4U);
  EXPECT_TRUE(config.keep_source());
  EXPECT_EQ(config.clients_size(), 0);
  EXPECT_EQ(config.via(), wire::VIA_REQUEST);
  EXPECT_EQ(config.via_pseudonym(), "gatehouse-0123");
  EXPECT_EQ(config.sockets_per_listener(), 16U);
  ASSERT_EQ(config.listeners_size(), 2);
  EXPECT_EQ(config.listeners(0).address(), std::string(4, '\0'));
  EXPECT_EQ(config.listeners(1).address(), std::string(16, '\0'));
  for (const wire::ConfigListener& listener : config.listeners()) {
    EXPECT_EQ(listener.port(), 8888U);
    ASSERT_EQ(listener.intercept_ports_size(), 1);
    EXPECT_EQ(listener.intercept_ports(0), 80U);
  }
  EXPECT_EQ(config.log().target(), wire::ConfigLog::FILE);
  EXPECT_EQ(config.log().file(), "access.log");
  EXPECT_EQ(config.log().format(), wire::ConfigLog::JSON);
  EXPECT_EQ(config.timeouts().head_ms(), 10'000U);
  EXPECT_EQ(config.timeouts().idle_ms(), 60'000U);
  EXPECT_EQ(config.timeouts().connect_ms(), 10'000U);
  EXPECT_EQ(config.timeouts().response_ms(), 60'000U);
  EXPECT_EQ(config.timeouts().stall_ms(), 30'000U);
  EXPECT_EQ(config.timeouts().drain_ms(), 30'000U);
  EXPECT_EQ(config.timeouts().upstream_idle_ms(), 60'000U);
  EXPECT_EQ(config.limits().request_line(), 8000U);
  EXPECT_EQ(config.limits().field_line(), 8192U);
  EXPECT_EQ(config.limits().head(), 32'768U);
  EXPECT_EQ(config.limits().fields(), 100U);
  EXPECT_EQ(config.limits().body(), 0U);
  EXPECT_EQ(config.limits().connections(), 4096U);
  EXPECT_EQ(config.limits().interim_responses(), 16U);
  EXPECT_EQ(config.quota().burst(), 64U);
  EXPECT_EQ(config.quota().per_second(), 100U);
}

constexpr std::string_view kEverything = R"(
[gateway]
workers = 3
source_address = "own"
clients = ["10.0.0.0/8", "192.0.2.7", "fd00::/8"]
via = "both"
via_pseudonym = "gw.example"
sockets_per_listener = 20

[[listen]]
mode = "transparent"
address = "192.0.2.1"
port = 3128
intercept = { ports = [80, 8080] }

[[listen]]
port = 3129
intercept.ports = [8000]

[log]
target = "stdout"
file = "other-1.log"
format = "combined"

[timeouts]
head = "500ms"
idle = "2m"
connect = "3s"
response = "1h"
stall = "90s"
drain = "0s"
upstream_idle = "1500ms"

[limits]
request_line = "4KiB"
field_line = "5000B"
head = "16KiB"
fields = 50
body = "10MiB"
connections = 1000
interim_responses = 4

[quota]
burst = 10
per_second = 20
)";

TEST(ConfigGood, EveryKey) {
  const wire::Config config = parsed(kEverything);
  EXPECT_EQ(config.workers(), 3U);
  EXPECT_FALSE(config.keep_source());
  ASSERT_EQ(config.clients_size(), 3);
  EXPECT_EQ(config.clients(0).address(), std::string("\x0a\0\0\0", 4));
  EXPECT_EQ(config.clients(0).prefix(), 8U);
  EXPECT_EQ(config.clients(1).prefix(), 32U);
  EXPECT_EQ(config.clients(2).address().size(), 16U);
  EXPECT_EQ(config.via(), wire::VIA_BOTH);
  EXPECT_EQ(config.via_pseudonym(), "gw.example");
  EXPECT_EQ(config.sockets_per_listener(), 20U);
  ASSERT_EQ(config.listeners_size(), 3);
  EXPECT_EQ(config.listeners(0).address(), std::string("\xc0\x00\x02\x01", 4));
  EXPECT_EQ(config.listeners(0).port(), 3128U);
  ASSERT_EQ(config.listeners(0).intercept_ports_size(), 2);
  EXPECT_EQ(config.listeners(0).intercept_ports(1), 8080U);
  EXPECT_EQ(config.listeners(1).port(), 3129U);
  EXPECT_EQ(config.listeners(2).address().size(), 16U);
  EXPECT_EQ(config.log().target(), wire::ConfigLog::STDOUT);
  EXPECT_EQ(config.log().file(), "other-1.log");
  EXPECT_EQ(config.log().format(), wire::ConfigLog::COMBINED);
  EXPECT_EQ(config.timeouts().head_ms(), 500U);
  EXPECT_EQ(config.timeouts().idle_ms(), 120'000U);
  EXPECT_EQ(config.timeouts().connect_ms(), 3'000U);
  EXPECT_EQ(config.timeouts().response_ms(), 3'600'000U);
  EXPECT_EQ(config.timeouts().stall_ms(), 90'000U);
  EXPECT_EQ(config.timeouts().drain_ms(), 0U);
  EXPECT_EQ(config.timeouts().upstream_idle_ms(), 1'500U);
  EXPECT_EQ(config.limits().request_line(), 4096U);
  EXPECT_EQ(config.limits().field_line(), 5000U);
  EXPECT_EQ(config.limits().head(), 16'384U);
  EXPECT_EQ(config.limits().fields(), 50U);
  EXPECT_EQ(config.limits().body(), 10U << 20);
  EXPECT_EQ(config.limits().connections(), 1000U);
  EXPECT_EQ(config.limits().interim_responses(), 4U);
  EXPECT_EQ(config.quota().burst(), 10U);
  EXPECT_EQ(config.quota().per_second(), 20U);
}

TEST(ConfigGood, TheDescriptionParsesToTheSame) {
  for (const std::string_view text : {std::string_view(), kEverything}) {
    const wire::Config config = parsed(text);
    EXPECT_EQ(parsed(describe(config)).SerializeAsString(), config.SerializeAsString())
        << describe(config);
  }
}

TEST(ConfigGood, OneSentenceSumsItUp) {
  EXPECT_EQ(summarize(parsed("")),
            "4 workers, transparent on 0.0.0.0:8888 and [::]:8888, source address of the client, "
            "access log in access.log");
  EXPECT_EQ(summarize(parsed(kEverything)),
            "3 workers, transparent on 192.0.2.1:3128, 0.0.0.0:3129 and [::]:3129, source address "
            "of its own, access log on standard output");
}

TEST(ConfigGood, ManyProcessorsGetWorkersAndSocketsForAll) {
  const Outcome outcome = parse("", "c", {48, "p"});
  EXPECT_EQ(outcome.config.workers(), 48U);
  EXPECT_EQ(outcome.config.sockets_per_listener(), 48U);
  EXPECT_EQ(parse("", "c", {500, "p"}).config.workers(), 64U);
  EXPECT_EQ(parse("", "c", {0, "p"}).config.workers(), 1U);
}

TEST(ConfigGood, TheSamePortOnDifferentAddressesIsNoConflict) {
  const wire::Config config = parsed(
      "[[listen]]\naddress = \"192.0.2.1\"\n[[listen]]\naddress = \"192.0.2.2\"\n"
      "[[listen]]\naddress = \"::\"\n");
  EXPECT_EQ(config.listeners_size(), 3);
}

TEST(ConfigGood, ByteOrderMarkAndWindowsLinesAreFine) {
  EXPECT_EQ(parsed("\xef\xbb\xbf[gateway]\r\nworkers = 2\r\n").workers(), 2U);
}

}  // namespace
}  // namespace gatehouse::config
