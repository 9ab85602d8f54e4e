// SPDX-License-Identifier: Apache-2.0
// How the worker closes client connections: nothing that the client has not taken is lost, whoever
// closes first, and nobody is waited for without end. Every socket here resets when it is closed
// too early, as the real parent's do.
#include <gtest/gtest.h>

#include <functional>

#include "tests/worker/gateway.h"

namespace gatehouse::worker::testing {
namespace {

using std::chrono::milliseconds;

const std::string kOld = "GET /a HTTP/1.0\r\n\r\n";
const std::string kClose = "GET /a HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";
const std::string kGet = "GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n";

wire::Config impatient(std::uint32_t stall_ms) {
  wire::Config config = default_config();
  config.mutable_timeouts()->set_stall_ms(stall_ms);
  return config;
}

Origin::Handler answer(const std::string& response) {
  return [response](Peer& peer) {
    while (!peer.receive_head().empty()) peer.send(response);
  };
}

// Whether no session is left within so long.
bool empties(const Gateway& gateway, milliseconds within) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (gateway.metrics().open_clients.load() != 0) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

// Much of a response waits in the kernel when its last octet has been written.
void expect_whole(const std::string& request, bool half_close) {
  const std::string body = pattern(1'000'000);
  Origin origin([&](Peer& peer) {
    peer.receive_head();
    peer.send("HTTP/1.0 200 OK\r\n\r\n" + body);
  });
  Gateway gateway(origin.port(), impatient(150));
  Peer client = gateway.connect(4096);
  client.send(request);
  if (half_close) client.finish_sending();
  client.receive_head();
  std::string received;
  for (std::string some = "x"; !some.empty(); received += some) {
    std::this_thread::sleep_for(milliseconds(10));
    some = client.receive_some(20'000);
  }
  EXPECT_EQ(received.size(), body.size());
  EXPECT_TRUE(received == body);
  EXPECT_EQ(client.end(), End::kFin);
  const auto record = gateway.parent().wait_for_records(1).at(0);
  EXPECT_EQ(record.ending(), wire::COMPLETE);
}

TEST(Closing, ASlowClientGetsAllThatIsOnItsWay) { expect_whole(kOld, false); }

TEST(Closing, ASlowClientThatHasClosedFirstGetsAllToo) { expect_whole(kOld, true); }

TEST(Closing, AfterTheClientsOwnEndNothingIsLeft) {
  Origin origin(answer(kHello));
  Gateway gateway(origin.port());
  for (const std::string& request : {kClose, kGet, std::string("BAD\r\n\r\n")}) {
    Peer client = gateway.connect();
    client.send(request);
    EXPECT_FALSE(client.receive_message().empty());
    client.finish_sending();
    EXPECT_EQ(client.end(), End::kFin) << request;
    EXPECT_TRUE(empties(gateway, milliseconds(500))) << request;
  }
}

TEST(Closing, AClientThatDoesNotCloseIsLeftAfterTheStallTime) {
  Origin origin(answer(kHello));
  Gateway gateway(origin.port(), impatient(300));
  Peer client = gateway.connect();
  client.send(kClose);
  EXPECT_FALSE(client.receive_all().empty());
  EXPECT_EQ(client.end(), End::kFin);
  EXPECT_FALSE(empties(gateway, milliseconds(150)));
  EXPECT_TRUE(empties(gateway, milliseconds(1000)));
}

TEST(Closing, ADrainWaitsForSuchAClientForASecond) {
  Origin origin(answer(kHello));
  Gateway gateway(origin.port(), impatient(60'000));
  Peer client = gateway.connect();
  client.send(kClose);
  EXPECT_FALSE(client.receive_all().empty());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(gateway.stop(10'000), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(2500));
}

TEST(Closing, AnIdleConnectionEndsCleanly) {
  Origin origin(answer(kHello));
  wire::Config config = default_config();
  config.mutable_timeouts()->set_idle_ms(100);
  Gateway gateway(origin.port(), config);
  Peer client = gateway.connect();
  client.send(kGet);
  EXPECT_EQ(client.receive_message(), kHello);
  EXPECT_EQ(client.end(), End::kFin);
  client.finish_sending();
  EXPECT_TRUE(empties(gateway, milliseconds(500)));
}

TEST(Closing, ATunnelThatHasEndedBothWaysIsOverAtOnce) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    peer.send(peer.receive_all());
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(
      "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
  client.receive_head();
  client.send("echo");
  client.finish_sending();
  EXPECT_EQ(client.receive_all(), "echo");
  EXPECT_EQ(client.end(), End::kFin);
  EXPECT_TRUE(empties(gateway, milliseconds(500)));
}

}  // namespace
}  // namespace gatehouse::worker::testing
