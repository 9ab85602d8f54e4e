// SPDX-License-Identifier: Apache-2.0
// Reverse mode: servers by id, their health, and second attempts.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/worker/answers.h"
#include "tests/worker/gateway.h"

namespace gatehouse::worker::testing {
namespace {

using Ids = std::vector<std::uint32_t>;

const std::string kGet = "GET / HTTP/1.1\r\nHost: www.test\r\n\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: www.test\r\nContent-Length: 2\r\n\r\nhi";

// One upstream with servers of these ids.
wire::Config reverse_config(const Ids& ids) {
  wire::Config config = default_config();
  config.mutable_listeners(0)->set_mode(wire::REVERSE);
  auto* upstream = config.add_upstreams();
  upstream->set_name("app");
  upstream->set_fails(2);
  upstream->set_down_ms(400);
  for (const std::uint32_t id : ids) {
    auto* server = upstream->add_servers();
    server->set_id(id);
    server->set_address(std::string("\x7f\0\0\1", 4));
    server->set_port(id);
  }
  return config;
}

// Takes a request and closes without an answer.
void die(Peer& peer) { peer.receive_message(); }

std::string ask(Gateway& gateway, const std::string& request) {
  Peer client = gateway.connect();
  client.send(request);
  return client.receive_message();
}

bool logged(const FakeParent& parent, const std::string& words) {
  for (int i = 0; i < 200; ++i) {
    for (const std::string& event : parent.events()) {
      if (event.find(words) != std::string::npos) return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

TEST(Reverse, ServersTakeTurnsAndAClientStaysWithItsConnection) {
  Origin a(answer("a")), b(answer("b"));
  Gateway gateway(0, reverse_config({7, 9}));
  gateway.parent().set_server(7, {.port = a.port()});
  gateway.parent().set_server(9, {.port = b.port()});
  for (const char* wanted : {"a", "b", "a", "b"}) {
    Peer client = gateway.connect();
    for (int i = 0; i < 3; ++i) {
      client.send(kGet);
      EXPECT_EQ(client.receive_message(), ok(wanted));
    }
  }
  EXPECT_EQ(gateway.parent().servers(), (Ids{7, 9, 7, 9}));
  const auto record = gateway.parent().wait_for_records(12).at(11);
  EXPECT_EQ(record.mode(), std::uint32_t{wire::REVERSE});
  EXPECT_EQ(record.upstream(), "app");
  EXPECT_TRUE(record.reused());
}

TEST(Reverse, HostIsKeptAndTheClientIsToldAfresh) {
  Origin origin(echo_head);
  Gateway gateway(0, reverse_config({1}));
  gateway.parent().set_server(1, {.port = origin.port()});
  EXPECT_EQ(body_of(ask(gateway,
                        "GET /x HTTP/1.1\r\nHost: www.test:8080\r\nX-Forwarded-For: 192.0.2.66\r\n"
                        "x_forwarded_for: 192.0.2.67\r\nForwarded: for=192.0.2.68\r\n\r\n")),
            "GET /x HTTP/1.1\r\nHost: www.test:8080\r\nX-Forwarded-For: 127.0.0.1\r\n"
            "X-Forwarded-Proto: http\r\nX-Forwarded-Host: www.test:8080\r\n"
            "Forwarded: for=127.0.0.1;proto=http;host=\"www.test:8080\"\r\n\r\n");
}

TEST(Reverse, HostIsSet) {
  Origin origin(echo_head);
  wire::Config config = reverse_config({1});
  config.mutable_upstreams(0)->set_host("inner.test");
  Gateway gateway(0, config);
  gateway.parent().set_server(1, {.port = origin.port()});
  const std::string head = body_of(ask(gateway, kGet));
  EXPECT_NE(head.find("\r\nHost: inner.test\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\nX-Forwarded-Host: www.test\r\n"), std::string::npos);
}

TEST(Reverse, TransparentRulesDoNotHoldAndConnectIsNotAllowed) {
  Origin origin(answer("a"));
  Gateway gateway(0, reverse_config({1}));
  gateway.parent().set_server(1, {.port = origin.port()});
  EXPECT_EQ(ask(gateway, "GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"), ok("a"));
  EXPECT_EQ(ask(gateway, "GET http://www.test/ HTTP/1.1\r\nHost: www.test\r\n\r\n"), ok("a"));
  EXPECT_EQ(status_of(ask(gateway, "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n")),
            "405");
}

// Nothing has been sent to it, so any request may go to the next.
TEST(Reverse, ServerThatCannotBeReachedIsPassedOverAndThenDown) {
  Origin b(answer("b"));
  Gateway gateway(0, reverse_config({1, 2}));
  gateway.parent().set_server(1, {.error = ECONNREFUSED});
  gateway.parent().set_server(2, {.port = b.port()});
  EXPECT_EQ(ask(gateway, kPost), ok("b"));
  EXPECT_EQ(ask(gateway, kPost), ok("b"));
  EXPECT_TRUE(logged(gateway.parent(), "upstream app: server 127.0.0.1:1 is down"));
  EXPECT_EQ(ask(gateway, kGet), ok("b"));
  EXPECT_EQ(gateway.parent().servers(), (Ids{1, 2, 1, 2, 2}));
  Origin a(answer("a"));
  gateway.parent().set_server(1, {.port = a.port()});
  std::this_thread::sleep_for(std::chrono::milliseconds(450));
  EXPECT_EQ(ask(gateway, kGet), ok("a"));
  EXPECT_TRUE(logged(gateway.parent(), "127.0.0.1:1 is up again"));
}

TEST(Reverse, AtMostThreeServersAreTriedForOneRequest) {
  Gateway gateway(0, reverse_config({1, 2, 3, 4}));
  for (std::uint32_t id = 1; id < 5; ++id) gateway.parent().set_server(id, {.error = ETIMEDOUT});
  const std::string refusal = ask(gateway, kGet);
  EXPECT_EQ(status_of(refusal), "504");
  EXPECT_EQ(gateway.parent().servers(), (Ids{1, 2, 3}));
}

TEST(Reverse, AllDownIsStillTried) {
  Gateway gateway(0, reverse_config({1, 2}));
  for (std::uint32_t id : {1, 2}) gateway.parent().set_server(id, {.error = ECONNREFUSED});
  EXPECT_EQ(status_of(ask(gateway, kGet)), "502");
  EXPECT_EQ(status_of(ask(gateway, kGet)), "502");
  const std::size_t asked = gateway.parent().servers().size();
  EXPECT_EQ(status_of(ask(gateway, kGet)), "502");
  EXPECT_EQ(gateway.parent().servers().size(), asked + 1);
}

TEST(Reverse, IdempotentRequestGetsASecondAttemptOnAnotherServer) {
  Origin a(die), b(answer("b"));
  Gateway gateway(0, reverse_config({1, 2}));
  gateway.parent().set_server(1, {.port = a.port()});
  gateway.parent().set_server(2, {.port = b.port()});
  EXPECT_EQ(ask(gateway, kGet), ok("b"));
  EXPECT_EQ(gateway.parent().servers(), (Ids{1, 2}));
  EXPECT_EQ(status_of(ask(gateway, kPost)), "502");
  EXPECT_EQ(gateway.parent().servers(), (Ids{1, 2, 1}));
  EXPECT_TRUE(logged(gateway.parent(), "is down: it closed a fresh connection"));
}

TEST(Reverse, ThereIsOneSecondAttemptOnly) {
  Origin a(die), b(die), c(answer("c"));
  Gateway gateway(0, reverse_config({1, 2, 3}));
  gateway.parent().set_server(1, {.port = a.port()});
  gateway.parent().set_server(2, {.port = b.port()});
  gateway.parent().set_server(3, {.port = c.port()});
  EXPECT_EQ(status_of(ask(gateway, kGet)), "502");
  EXPECT_EQ(gateway.parent().servers(), (Ids{1, 2}));
}

TEST(Reverse, OnlyServerIsNotAskedTwice) {
  Origin a(die);
  Gateway gateway(0, reverse_config({1}));
  gateway.parent().set_server(1, {.port = a.port()});
  const std::string refusal = ask(gateway, kGet);
  EXPECT_EQ(status_of(refusal), "502");
  EXPECT_NE(refusal.find("upstream-closed"), std::string::npos);
  EXPECT_EQ(gateway.parent().servers(), Ids{1});
}

TEST(Reverse, KeptConnectionThatDiedSaysNothingAboutItsServer) {
  Origin a([](Peer& peer) {
    peer.receive_head();
    peer.send(ok("a"));
    peer.receive_head();  // no answer
  });
  wire::Config config = reverse_config({1});
  config.mutable_upstreams(0)->set_fails(1);
  Gateway gateway(0, config);
  gateway.parent().set_server(1, {.port = a.port()});
  Peer client = gateway.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(kGet);
    EXPECT_EQ(client.receive_message(), ok("a"));
  }
  EXPECT_EQ(gateway.parent().servers(), (Ids{1, 1}));
  EXPECT_TRUE(gateway.parent().events().empty());
}

TEST(Reverse, SilenceCountsAsAFailureAndIsNotRepeated) {
  Origin a([](Peer& peer) {
    peer.receive_head();
    peer.receive_some();
  });
  wire::Config config = reverse_config({1, 2});
  config.mutable_upstreams(0)->set_fails(1);
  config.mutable_timeouts()->set_response_ms(200);
  Gateway gateway(0, config);
  for (std::uint32_t id : {1, 2}) gateway.parent().set_server(id, {.port = a.port()});
  EXPECT_EQ(status_of(ask(gateway, kGet)), "504");
  EXPECT_EQ(gateway.parent().servers(), Ids{1});
  EXPECT_TRUE(logged(gateway.parent(), "127.0.0.1:1 is down: no answer in time"));
}

TEST(Reverse, RefusalIsNoFailureOfTheServer) {
  wire::Config config = reverse_config({1});
  config.mutable_upstreams(0)->set_fails(1);
  Gateway gateway(0, config);
  gateway.parent().set_server(1, {.refused = wire::Refused::BUSY});
  EXPECT_EQ(status_of(ask(gateway, kGet)), "503");
  gateway.parent().set_server(1, {.refused = wire::Refused::FLOOR});
  EXPECT_EQ(status_of(ask(gateway, kGet)), "403");
  EXPECT_TRUE(gateway.parent().events().empty());
}

TEST(Reverse, WebsocketIsTunnelled) {
  Origin origin([](Peer& peer) {
    EXPECT_NE(peer.receive_head().find("Upgrade: websocket\r\n"), std::string::npos);
    peer.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    peer.send(peer.receive_exactly(4));
    peer.receive_some();
  });
  Gateway gateway(0, reverse_config({1}));
  gateway.parent().set_server(1, {.port = origin.port()});
  Peer client = gateway.connect();
  client.send(
      "GET / HTTP/1.1\r\nHost: www.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(status_of(client.receive_head()), "101");
  client.send("ping");
  EXPECT_EQ(client.receive_exactly(4), "ping");
}

}  // namespace
}  // namespace gatehouse::worker::testing
