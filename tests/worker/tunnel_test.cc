// SPDX-License-Identifier: Apache-2.0
// Tunnels of what isn't HTTP, and HTTP on listeners that allow them.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/worker/gateway.h"

namespace gatehouse::worker::testing {
namespace {

using namespace std::string_literals;
using Clock = std::chrono::steady_clock;

const std::string kGet = "GET /a HTTP/1.1\r\nHost: example.test\r\n\r\n";
const std::string kLine = "PROXY TCP4 203.0.113.9 198.51.100.2 5678 80\r\n";
const std::string kClient = "\xcb\x00\x71\x09"s;  // as in kLine
const std::string kClientHello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on"s;

// Says something first, then repeats what it hears.
Origin::Handler banner_and_echo() {
  return [](Peer& peer) {
    peer.send("220 ready\r\n");
    for (std::string got = peer.receive_some(); !got.empty(); got = peer.receive_some()) {
      peer.send(got);
    }
    peer.finish_sending();
  };
}

Origin::Handler echo() {
  return [](Peer& peer) {
    for (std::string got = peer.receive_some(); !got.empty(); got = peer.receive_some()) {
      peer.send(got);
    }
    peer.finish_sending();
  };
}

wire::Config tunnel_config() {
  wire::Config config = default_config();
  config.mutable_listeners(0)->set_tunnel_not_http(true);
  return config;
}

TEST(Tunnel, FirstOctetsThatAreNotHttpPassBothWays) {
  Origin origin(echo());
  Gateway gateway(origin.port(), tunnel_config());
  Peer client = gateway.connect();
  const auto start = Clock::now();
  client.send(kClientHello);
  EXPECT_EQ(client.receive_exactly(kClientHello.size()), kClientHello);
  EXPECT_LT(elapsed_ms(start), 250) << "decided by the first octets, not by time";
  const std::string large = pattern(300'000);
  std::thread sender([&] {
    client.send(large);
    client.finish_sending();
  });
  EXPECT_EQ(client.receive_all(), large);
  sender.join();
  EXPECT_EQ(client.end(), End::kFin);
  const auto record = gateway.parent().wait_for_records(1).at(0);
  EXPECT_EQ(record.method(), "-");
  EXPECT_EQ(record.reason(), "tunnel");
  EXPECT_EQ(record.ending(), wire::COMPLETE);
  EXPECT_EQ(record.status(), 0u);
  EXPECT_EQ(record.octets_in(), kClientHello.size() + large.size());
  EXPECT_EQ(record.octets_out(), kClientHello.size() + large.size());
  EXPECT_EQ(gateway.metrics().tunnels.load(), 1u);
}

TEST(Tunnel, AServerThatSpeaksFirstIsHeard) {
  Origin origin(banner_and_echo());
  Gateway gateway(origin.port(), tunnel_config());
  Peer client = gateway.connect();
  const auto start = Clock::now();
  EXPECT_EQ(client.receive_exactly(11), "220 ready\r\n");
  EXPECT_GE(elapsed_ms(start), 290);
  EXPECT_LT(elapsed_ms(start), 900);
  client.send("GET / HTTP/1.1\r\n");  // not looked at any more
  EXPECT_EQ(client.receive_exactly(16), "GET / HTTP/1.1\r\n");
  client.finish_sending();
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_EQ(client.end(), End::kFin);
  EXPECT_EQ(gateway.parent().wait_for_records(1).at(0).reason(), "tunnel");
}

TEST(Tunnel, HttpIsHttpAlsoWhenItComesLate) {
  Origin origin(hello());
  Gateway gateway(origin.port(), tunnel_config());
  Peer prompt = gateway.connect(), late = gateway.connect(), wrong = gateway.connect();
  prompt.send(kGet);
  EXPECT_EQ(prompt.receive_message(), kHello);
  prompt.send(kGet);
  EXPECT_EQ(prompt.receive_message(), kHello);
  pause(700);  // connections to the server have been made, to hear it
  EXPECT_EQ(gateway.parent().connects(), 3);
  late.send(kGet);
  EXPECT_EQ(late.receive_message(), kHello);
  wrong.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n");
  EXPECT_EQ(wrong.receive_all().substr(0, 12), "HTTP/1.1 400");
  EXPECT_EQ(gateway.parent().connects(), 3) << "the connection serves the request";
  for (const auto& record : gateway.parent().wait_for_records(4)) EXPECT_EQ(record.method(), "GET");
  EXPECT_EQ(gateway.metrics().tunnels.load(), 0u);
}

TEST(Tunnel, MalformedHttpDoesNotBecomeOne) {
  Origin origin(echo());
  Gateway gateway(origin.port(), tunnel_config());
  for (const char* const octets : {"GET /secret\r\n", "GET / FOO/1.0\r\n\r\n",
                                   "POST\t/ HTTP/1.1\r\n", "GET / HTTP/1.1\nHost: a\n\n"}) {
    Peer client = gateway.connect();
    client.send(octets);
    EXPECT_EQ(client.receive_all().substr(0, 12), "HTTP/1.1 400") << octets;
  }
  EXPECT_EQ(gateway.parent().connects(), 0);
}

TEST(Tunnel, ARequestThatArrivesSlowlyIsNone) {
  Origin origin(hello());
  Gateway gateway(origin.port(), tunnel_config());
  Peer client = gateway.connect();
  client.send(kGet.substr(0, 2));
  pause(600);
  client.send(kGet.substr(2));
  EXPECT_EQ(client.receive_message(), kHello);
  EXPECT_EQ(gateway.metrics().tunnels.load(), 0u);
}

TEST(Tunnel, AWordThatLeadsNowhereIsPassedOnAfterAWhile) {
  Origin origin(echo());
  Gateway gateway(origin.port(), tunnel_config());
  Peer at_once = gateway.connect(), later = gateway.connect();
  at_once.send("HELLO");
  EXPECT_EQ(at_once.receive_exactly(5), "HELLO");
  pause(700);  // by now there is a connection to the server, which has said nothing
  later.send("HELLO");
  EXPECT_EQ(later.receive_exactly(5), "HELLO");
}

TEST(Tunnel, HalfClosedClientsGetTheirAnswer) {
  Origin origin([](Peer& peer) {
    const std::string got = peer.receive_all();
    peer.send("you said " + got);
    peer.finish_sending();
  });
  Gateway gateway(origin.port(), tunnel_config());
  Peer client = gateway.connect();
  client.send("WHOIS example.test");
  client.finish_sending();
  EXPECT_EQ(client.receive_all(), "you said WHOIS example.test");
  EXPECT_EQ(client.end(), End::kFin);
}

TEST(Tunnel, BehindAProxyHeader) {
  Origin origin(echo());
  wire::Config config = tunnel_config();
  auto* from = config.mutable_listeners(0)->add_proxy_from();
  from->set_address("\x7f\0\0\0"s);
  from->set_prefix(8);
  Gateway gateway(origin.port(), config);
  Peer client = gateway.connect();
  client.send(kLine + kClientHello);
  EXPECT_EQ(client.receive_exactly(kClientHello.size()), kClientHello);
  client.finish_sending();
  EXPECT_EQ(client.receive_all(), "");
  const auto record = gateway.parent().wait_for_records(1).at(0);
  EXPECT_EQ(record.client(), kClient);
  EXPECT_EQ(record.octets_in(), kClientHello.size());
}

TEST(Tunnel, WithoutAServerIsAReset) {
  Origin origin(echo());
  Gateway gateway(origin.port(), tunnel_config());
  gateway.parent().answer_connects_with(ECONNREFUSED);
  Peer talks = gateway.connect(), listens = gateway.connect();
  talks.send(kClientHello);
  EXPECT_EQ(talks.receive_all(), "");
  EXPECT_EQ(talks.end(), End::kReset);
  EXPECT_EQ(listens.receive_all(), "");
  EXPECT_EQ(listens.end(), End::kReset);
  for (const auto& record : gateway.parent().wait_for_records(2)) {
    EXPECT_EQ(record.method(), "-");
    EXPECT_EQ(record.reason(), "connect-failed");
    EXPECT_EQ(record.ending(), wire::UPSTREAM_FAILED);
  }
}

TEST(Tunnel, EndsWhenNothingMovesForTheTunnelTime) {
  Origin origin(echo());
  wire::Config config = tunnel_config();
  config.mutable_timeouts()->set_tunnel_ms(500);
  config.mutable_timeouts()->set_stall_ms(100);
  Gateway gateway(origin.port(), config);
  Peer client = gateway.connect();
  const auto start = Clock::now();
  for (int i = 0; i < 5; ++i) {
    client.send("\x01");
    EXPECT_EQ(client.receive_some(), "\x01");
    pause(200);
  }
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_EQ(client.end(), End::kReset);
  EXPECT_GE(elapsed_ms(start), 1250);
  EXPECT_LT(elapsed_ms(start), 2200);
  const auto record = gateway.parent().wait_for_records(1).at(0);
  EXPECT_EQ(record.ending(), wire::TIMED_OUT);
  EXPECT_EQ(record.reason(), "tunnel");
}

TEST(Tunnel, IsForListenersThatWantIt) {
  Origin origin(banner_and_echo());
  Gateway gateway(origin.port());
  Peer client = gateway.connect(), silent = gateway.connect();
  client.send(kClientHello);
  EXPECT_EQ(client.receive_all().substr(0, 12), "HTTP/1.1 400");
  silent.set_timeout_ms(600);
  EXPECT_EQ(silent.receive_some(), "");
  EXPECT_EQ(gateway.parent().connects(), 0);
}

TEST(Tunnel, NobodySpeaksEndsAfterTheIdleTime) {
  Origin origin([](Peer& peer) { peer.receive_all(); });
  wire::Config config = tunnel_config();
  config.mutable_timeouts()->set_idle_ms(600);
  Gateway gateway(origin.port(), config);
  Peer client = gateway.connect();
  const auto start = Clock::now();
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_GE(elapsed_ms(start), 800);
  EXPECT_LT(elapsed_ms(start), 1800);
}

TEST(Tunnel, AServerThatEndsWithoutAWordEndsTheConnection) {
  Origin origin([](Peer& peer) {
    pause(200);
    peer.finish_sending();
    peer.receive_all();
  });
  Gateway gateway(origin.port(), tunnel_config());
  Peer client = gateway.connect();
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_EQ(client.end(), End::kFin);
  EXPECT_EQ(gateway.metrics().tunnels.load(), 0u);
}

TEST(Tunnel, DrainingEndsConnectionsThatHaveNotBegun) {
  Origin origin([](Peer& peer) { peer.receive_all(); });
  Gateway gateway(origin.port(), tunnel_config());
  Peer fresh = gateway.connect();
  Peer waiting = gateway.connect();
  pause(600);
  const auto start = Clock::now();
  EXPECT_EQ(gateway.stop(5000), 0);
  EXPECT_LT(elapsed_ms(start), 2500);
  EXPECT_EQ(fresh.receive_all() + waiting.receive_all(), "");
}

}  // namespace
}  // namespace gatehouse::worker::testing
