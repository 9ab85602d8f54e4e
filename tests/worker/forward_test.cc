// SPDX-License-Identifier: Apache-2.0
// Forward mode: requests with an absolute target, CONNECT, and the way from a name to a connection.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/worker/answers.h"
#include "tests/worker/gateway.h"

namespace gatehouse::worker::testing {
namespace {

using Names = std::vector<std::string>;
using Ports = std::vector<std::uint32_t>;

wire::Config forward_config() {
  wire::Config config = default_config();
  config.mutable_listeners(0)->set_mode(wire::FORWARD);
  auto* forward = config.mutable_forward();
  for (const auto& [first, last] : {std::pair{80, 80}, {8000, 8999}}) {
    auto* range = forward->add_ports();
    range->set_first(static_cast<std::uint32_t>(first));
    range->set_last(static_cast<std::uint32_t>(last));
  }
  auto* range = forward->add_connect_ports();
  range->set_first(443);
  range->set_last(443);
  return config;
}

std::string get(const std::string& authority, const std::string& path = "/") {
  return "GET http://" + authority + path + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
}

std::string connect(const std::string& authority) {
  return "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
}

TEST(Forward, AbsoluteTargetIsResolvedAndForwardedInOriginForm) {
  Origin origin(echo_head);
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.port = origin.port()}});
  Peer client = gateway.connect();
  client.send(
      "GET http://A.test/x?y HTTP/1.1\r\nHost: a.test\r\nProxy-Authorization: Basic eA==\r\n"
      "Proxy-Connection: keep-alive\r\nKeep-Alive: 5\r\nAccept: */*\r\n\r\n");
  EXPECT_EQ(body_of(client.receive_message()),
            "GET /x?y HTTP/1.1\r\nHost: A.test\r\nAccept: */*\r\n\r\n");
  EXPECT_EQ(gateway.parent().resolved(), Names{"a.test"});
  EXPECT_EQ(gateway.parent().granted_ports(), Ports{80});
  const auto record = gateway.parent().wait_for_records(1).at(0);
  EXPECT_EQ(record.mode(), std::uint32_t{wire::FORWARD});
  EXPECT_EQ(record.host(), "A.test");
  EXPECT_EQ(record.status(), 200u);
}

TEST(Forward, ConnectionIsKeptForTheSameTargetOnly) {
  Origin origin(answer("hello"));
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.port = origin.port()}});
  gateway.parent().set_name("b.test", {{.port = origin.port()}});
  Peer client = gateway.connect();
  for (const char* authority :
       {"a.test", "A.TEST:80", "a.test:", "b.test", "b.test:8080", "B.test:8080", "a.test"}) {
    client.send(get(authority));
    EXPECT_EQ(client.receive_message(), ok("hello")) << authority;
  }
  EXPECT_EQ(gateway.parent().resolved(), (Names{"a.test", "b.test", "b.test", "a.test"}));
  EXPECT_EQ(gateway.parent().granted_ports(), (Ports{80, 80, 8080, 80}));
  EXPECT_EQ(origin.connections(), 4);
}

TEST(Forward, LiteralsAreAskedForInOneForm) {
  Origin origin(answer("hello"));
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("2001:db8::1", {{.port = origin.port()}});
  gateway.parent().set_name("192.0.2.1", {{.port = origin.port()}});
  Peer client = gateway.connect();
  for (const char* authority :
       {"[2001:db8::1]", "[2001:DB8:0:0::0001]:80", "192.0.2.1", "192.0.2.1:80"}) {
    client.send(get(authority));
    EXPECT_EQ(client.receive_message(), ok("hello")) << authority;
  }
  EXPECT_EQ(gateway.parent().resolved(), (Names{"2001:db8::1", "192.0.2.1"}));
}

TEST(Forward, PortsThatAreNotAllowedAreRefusedWithoutAQuestion) {
  Gateway gateway(0, forward_config());
  Peer client = gateway.connect();
  client.send(get("a.test:25"));
  const std::string refusal = client.receive_message();
  EXPECT_EQ(status_of(refusal), "403");
  EXPECT_NE(refusal.find("port-forbidden"), std::string::npos);
  client.send(connect("a.test:80"));  // a port of plain requests is none of CONNECT
  EXPECT_EQ(status_of(client.receive_all()), "403");
  EXPECT_TRUE(gateway.parent().resolved().empty());
  EXPECT_EQ(gateway.parent().wait_for_records(2).at(1).reason(), "port-forbidden");
}

TEST(Forward, OriginFormIsMalformedHere) {
  Gateway gateway(0, forward_config());
  Peer client = gateway.connect();
  client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  EXPECT_EQ(status_of(client.receive_all()), "400");
  EXPECT_TRUE(gateway.parent().resolved().empty());
}

TEST(Forward, NameWithoutAnAddressIsABadGatewayAndTheClientStays) {
  Origin origin(answer("hello"));
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.port = origin.port()}});
  Peer client = gateway.connect();
  client.send(get("nowhere.test"));
  const std::string refusal = client.receive_message();
  EXPECT_EQ(status_of(refusal), "502");
  EXPECT_NE(refusal.find("name-unresolved"), std::string::npos);
  client.send(get("a.test"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
  EXPECT_EQ(gateway.parent().wait_for_records(1).at(0).ending(), wire::UPSTREAM_FAILED);
}

TEST(Forward, EveryRefusalOfTheParentHasItsStatus) {
  struct Case {
    wire::Refused::Reason reason;
    const char* status;
  };
  Gateway gateway(0, forward_config());
  for (const Case& c : {Case{wire::Refused::FLOOR, "403"}, Case{wire::Refused::LOCAL, "508"},
                        Case{wire::Refused::CLIENT, "403"}, Case{wire::Refused::PORT, "403"},
                        Case{wire::Refused::QUOTA, "503"}, Case{wire::Refused::BUSY, "503"},
                        Case{wire::Refused::PRIVATE, "403"}, Case{wire::Refused::NAME, "502"}}) {
    gateway.parent().set_name("a.test", {{.refused = c.reason}});
    Peer client = gateway.connect();
    client.send(get("a.test"));
    const std::string refusal = client.receive_message();
    EXPECT_EQ(status_of(refusal), c.status) << c.reason;
    EXPECT_EQ(refusal.find("Retry-After: ") != std::string::npos, c.status == std::string("503"));
  }
}

// RFC 8305 5.
TEST(Forward, NextAddressIsTriedBesideOneThatIsSlow) {
  Origin origin(answer("hello"));
  std::atomic<bool> loser_closed{false};
  Origin slow([&](Peer& peer) {
    EXPECT_EQ(peer.receive_some(), "");
    loser_closed = true;
  });
  Gateway gateway(0, forward_config());
  gateway.parent().set_name(
      "a.test",
      {{.port = slow.port(), .delay_ms = 1000}, {.port = origin.port()}, {.port = slow.port()}});
  Peer client = gateway.connect();
  const Stopwatch watch;
  client.send(get("a.test"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
  EXPECT_GE(watch.ms(), 240);
  EXPECT_LT(watch.ms(), 900);
  // The loser is closed as soon as it comes; the third address was never asked for.
  for (int i = 0; i < 300 && !loser_closed; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(loser_closed);
  EXPECT_EQ(gateway.parent().connects(), 2);
  client.send(get("a.test"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
  EXPECT_EQ(gateway.parent().connects(), 2);
}

TEST(Forward, FirstAddressWinsIfItIsStillTheFirstToAnswer) {
  Origin first(answer("first")), second(answer("second"));
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.port = first.port(), .delay_ms = 500},
                                       {.port = second.port(), .delay_ms = 2000}});
  Peer client = gateway.connect();
  client.send(get("a.test"));
  EXPECT_EQ(client.receive_message(), ok("first"));
  EXPECT_EQ(gateway.parent().connects(), 2);
}

TEST(Forward, NextAddressIsTriedAtOnceAfterAFailure) {
  Origin origin(answer("hello"));
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.error = ECONNREFUSED},
                                       {.refused = wire::Refused::PRIVATE},
                                       {.error = EHOSTUNREACH},
                                       {.port = origin.port()}});
  Peer client = gateway.connect();
  const Stopwatch watch;
  client.send(get("a.test"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
  EXPECT_LT(watch.ms(), 240);
  EXPECT_EQ(gateway.parent().connects(), 4);
}

TEST(Forward, WhereNoAddressAnswersTheLastFailureIsTold) {
  Gateway gateway(0, forward_config());
  gateway.parent().set_name(
      "a.test", {{.error = ETIMEDOUT, .delay_ms = 400}, {.refused = wire::Refused::PRIVATE}});
  gateway.parent().set_name("b.test", {{.error = ECONNREFUSED}, {.error = ECONNREFUSED}});
  Peer client = gateway.connect();
  client.send(get("a.test"));
  EXPECT_EQ(status_of(client.receive_message()), "504");
  client.send(get("b.test"));
  EXPECT_EQ(status_of(client.receive_message()), "502");
  EXPECT_EQ(gateway.parent().wait_for_records(2).at(1).reason(), "connect-failed");
}

TEST(Forward, NoFurtherAddressIsTriedWhenTheRefusalHoldsForAll) {
  Origin origin(answer("hello"));
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.refused = wire::Refused::QUOTA}, {.port = origin.port()}});
  Peer client = gateway.connect();
  client.send(get("a.test"));
  EXPECT_EQ(status_of(client.receive_message()), "503");
  EXPECT_EQ(gateway.parent().connects(), 1);
}

TEST(Forward, ExpiredGrantIsAskedForAgainOnce) {
  Origin origin(answer("hello"));
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.port = origin.port()}});
  gateway.parent().expire_grants(1);
  Peer client = gateway.connect();
  client.send(get("a.test"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
  EXPECT_EQ(gateway.parent().resolved().size(), 2u);
  gateway.parent().expire_grants(100);
  client.send(get("a.test:8080"));
  EXPECT_EQ(status_of(client.receive_message()), "502");
  EXPECT_EQ(gateway.parent().resolved().size(), 4u);
}

TEST(Forward, KeptConnectionThatDiedIsReplacedThroughItsName) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send(ok("hello"));
    peer.receive_head();  // the next request is left without an answer
  });
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.port = origin.port()}});
  Peer client = gateway.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(get("a.test"));
    EXPECT_EQ(client.receive_message(), ok("hello"));
  }
  EXPECT_EQ(gateway.parent().resolved().size(), 2u);
}

TEST(Forward, ConnectIsATunnelWithHalfCloseBothWays) {
  Origin origin([](Peer& peer) {
    EXPECT_EQ(peer.receive_exactly(5), "early");
    peer.send(pattern(3'000'000));
    peer.finish_sending();
    const std::string all = peer.receive_all();
    EXPECT_EQ(checksum(all), checksum(pattern(2'000'000)));
  });
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.port = origin.port(), .delay_ms = 50}});
  Peer client = gateway.connect();
  client.send(connect("a.test:443") + "early");
  EXPECT_EQ(client.receive_head(), "HTTP/1.1 200 Connection established\r\n\r\n");
  EXPECT_EQ(checksum(client.receive_all()), checksum(pattern(3'000'000)));
  EXPECT_EQ(client.end(), End::kFin);
  client.send(pattern(2'000'000));
  client.finish_sending();
  const auto record = gateway.parent().wait_for_records(1).at(0);
  EXPECT_EQ(record.method(), "CONNECT");
  EXPECT_EQ(record.status(), 200u);
  EXPECT_EQ(record.ending(), wire::COMPLETE);
  EXPECT_EQ(record.octets_in(), connect("a.test:443").size() + 5 + 2'000'000);
  EXPECT_EQ(gateway.parent().granted_ports(), Ports{443});
}

TEST(Forward, ConnectGetsNoAnswerBeforeTheUpstreamIsThere) {
  Origin origin(answer("hello"));
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.port = origin.port(), .delay_ms = 200}});
  Peer client = gateway.connect();
  const Stopwatch watch;
  client.send(connect("a.test:443"));
  EXPECT_EQ(status_of(client.receive_head()), "200");
  EXPECT_GE(watch.ms(), 200);
}

// What was meant for the tunnel must never be taken for a request.
TEST(Forward, RefusedConnectEndsItsConnection) {
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.error = ECONNREFUSED}});
  Peer client = gateway.connect();
  client.send(connect("a.test:443") + get("a.test"));
  const std::string all = client.receive_all();
  EXPECT_EQ(status_of(all), "502");
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(gateway.parent().wait_for_records(1).size(), 1u);
  EXPECT_EQ(gateway.parent().connects(), 1);
}

TEST(Forward, ConnectNeverUsesAConnectionThatIsThere) {
  Origin origin([](Peer& peer) {
    if (peer.receive_some().starts_with("GET")) peer.send(ok("hello"));
    peer.receive_some();
  });
  wire::Config config = forward_config();
  config.mutable_forward()->mutable_connect_ports(0)->set_first(80);
  Gateway gateway(0, config);
  gateway.parent().set_name("a.test", {{.port = origin.port()}});
  Peer client = gateway.connect();
  client.send(get("a.test"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
  client.send(connect("a.test:80"));
  EXPECT_EQ(status_of(client.receive_head()), "200");
  EXPECT_EQ(gateway.parent().connects(), 2);
}

TEST(Forward, ClientsThatGoWhileTheirNamesAreResolved) {
  Origin origin(answer("hello"));
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("slow.test", {{.port = origin.port()}}, 300);
  gateway.parent().set_name("late.test", {{.port = origin.port(), .delay_ms = 300},
                                          {.port = origin.port(), .delay_ms = 100}});
  for (std::size_t i = 0; i < 20; ++i) {
    Peer client = gateway.connect();
    client.send(get(i % 2 == 0 ? "slow.test" : "late.test"));
    ASSERT_TRUE(gateway.parent().wait_for_resolved(i + 1));
    client.reset();
  }
  EXPECT_EQ(gateway.parent().wait_for_records(20).size(), 20u);
  gateway.parent().set_name("a.test", {{.port = origin.port()}});
  Peer client = gateway.connect();
  client.send(get("a.test"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
  std::this_thread::sleep_for(std::chrono::milliseconds(400));  // the late answers come
  client.send(get("a.test"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
}

TEST(Forward, ContentFollowsOnceTheConnectionIsThere) {
  Origin origin([](Peer& peer) {
    const std::string message = peer.receive_message();
    peer.send(ok(std::to_string(body_of(message).size())));
    peer.receive_some();
  });
  Gateway gateway(0, forward_config());
  gateway.parent().set_name("a.test", {{.port = origin.port()}}, 100);
  Peer client = gateway.connect();
  client.send("POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 500000\r\n\r\n" +
              std::string(500'000, 'x'));
  EXPECT_EQ(body_of(client.receive_message()), "500000");
}

}  // namespace
}  // namespace gatehouse::worker::testing
