// SPDX-License-Identifier: Apache-2.0
// Time-outs, connection limits, draining, and the end of the parent.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <ctime>

#include "tests/worker/gateway.h"

namespace gatehouse::worker::testing {
namespace {

using Clock = std::chrono::steady_clock;
const std::string kGet = "GET /a HTTP/1.1\r\nHost: example.test\r\n\r\n";

TEST(Timeouts, IdleClientIsClosedCleanlyAndIdleUpstreamBeforeIt) {
  std::atomic<int> upstream_closed_after{0};
  Origin origin([&](Peer& peer) {
    peer.receive_head();
    peer.send(kHello);
    const auto start = Clock::now();
    peer.receive_some();
    upstream_closed_after = elapsed_ms(start);
  });
  wire::Config config = default_config();
  config.mutable_timeouts()->set_idle_ms(900);
  config.mutable_timeouts()->set_upstream_idle_ms(300);
  Gateway gateway(origin.port(), config);
  Peer client = gateway.connect();
  client.send(kGet);
  EXPECT_EQ(client.receive_message(), kHello);
  const auto start = Clock::now();
  EXPECT_EQ(client.receive_some(), "");
  EXPECT_EQ(client.end(), End::kFin);
  EXPECT_GE(elapsed_ms(start), 890);
  EXPECT_LT(elapsed_ms(start), 1500);
  EXPECT_GE(upstream_closed_after, 290);
  EXPECT_LT(upstream_closed_after, 700);
}

TEST(Timeouts, HeadThatTakesTooLongIs408HoweverItTrickles) {
  Origin origin(hello());
  wire::Config config = default_config();
  config.mutable_timeouts()->set_head_ms(500);
  Gateway gateway(origin.port(), config);
  Peer client = gateway.connect();
  const auto start = Clock::now();
  client.set_timeout_ms(50);
  std::string got;
  for (std::size_t i = 0; i < kGet.size() - 1 && got.empty(); ++i) {
    client.send(kGet.substr(i, 1));
    got = client.receive_some();
  }
  EXPECT_EQ(got.substr(0, 12), "HTTP/1.1 408");
  EXPECT_LT(elapsed_ms(start), 1500);
  EXPECT_EQ(gateway.parent().wait_for_records(1)[0].ending(), wire::TIMED_OUT);
}

TEST(Timeouts, ConnectThatTheParentNeverAnswersIs504) {
  Origin origin(hello());
  wire::Config config = default_config();
  config.mutable_timeouts()->set_connect_ms(100);
  Gateway gateway(origin.port(), config);
  gateway.parent().hold_answers(true);
  Peer client = gateway.connect();
  client.send(kGet);
  EXPECT_EQ(client.receive_message().substr(0, 12), "HTTP/1.1 504");
  gateway.parent().hold_answers(false);  // the late answer hits nothing
  pause(100);
  client.send(kGet);
  EXPECT_EQ(client.receive_message(), kHello);
}

TEST(Timeouts, ResponseThatNeverBeginsIs504) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.receive_some();
  });
  wire::Config config = default_config();
  config.mutable_timeouts()->set_response_ms(300);
  Gateway gateway(origin.port(), config);
  Peer client = gateway.connect();
  client.send(kGet);
  EXPECT_EQ(client.receive_message().substr(0, 12), "HTTP/1.1 504");
}

TEST(Timeouts, BodyThatStopsIs408) {
  Origin origin([](Peer& peer) { peer.receive_all(); });
  wire::Config config = default_config();
  config.mutable_timeouts()->set_stall_ms(300);
  Gateway gateway(origin.port(), config);
  Peer client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\n12345");
  EXPECT_EQ(client.receive_all().substr(0, 12), "HTTP/1.1 408");
  EXPECT_EQ(gateway.parent().wait_for_records(1)[0].ending(), wire::TIMED_OUT);
}

TEST(Timeouts, ResponseThatStopsInTheMiddleResets) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n12345");
    peer.receive_some();
  });
  wire::Config config = default_config();
  config.mutable_timeouts()->set_stall_ms(300);
  Gateway gateway(origin.port(), config);
  Peer client = gateway.connect();
  client.send(kGet);
  client.receive_all();
  EXPECT_EQ(client.end(), End::kReset);
  EXPECT_EQ(gateway.parent().wait_for_records(1)[0].ending(), wire::TIMED_OUT);
}

TEST(Limits, ConnectionsBeyondTheLimitWaitUntilOneEnds) {
  Origin origin(hello());
  wire::Config config = default_config();
  config.mutable_limits()->set_connections(3);
  Gateway gateway(origin.port(), config);
  std::vector<Peer> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(gateway.connect());
    clients.back().send(kGet);
    EXPECT_EQ(clients.back().receive_message(), kHello);
    clients.back().send("G");  // who is idle would make room
  }
  Peer waiting = gateway.connect();
  waiting.send(kGet);
  waiting.set_timeout_ms(200);
  EXPECT_EQ(waiting.receive_some(), "");
  EXPECT_EQ(gateway.metrics().accepted.load(), 3u);
  clients.clear();
  waiting.set_timeout_ms(5000);
  EXPECT_EQ(waiting.receive_message(), kHello);
}

TEST(Limits, NearTheLimitThoseIdleForTheLongestMakeRoom) {
  std::atomic<bool> hold{true};
  Origin origin([&](Peer& peer) {
    for (std::string head = peer.receive_head(); !head.empty(); head = peer.receive_head()) {
      while (head.find("/held") != std::string::npos && hold) pause(10);
      peer.send(kHello);
    }
  });
  wire::Config config = default_config();
  config.mutable_limits()->set_connections(20);
  Gateway gateway(origin.port(), config);
  std::vector<Peer> clients;
  const auto ask = [&](Peer& peer) {
    peer.send(kGet);
    EXPECT_EQ(peer.receive_message(), kHello);
  };
  for (int i = 0; i < 18; ++i) {
    clients.push_back(gateway.connect());
    ask(clients.back());
  }
  clients[1].send("GET /held HTTP/1.1\r\nHost: example.test\r\n\r\n");
  pause(1200);
  EXPECT_EQ(gateway.metrics().open_clients.load(), 18u);  // room enough
  ask(clients[0]);
  for (int i = 0; i < 2; ++i) {
    clients.push_back(gateway.connect());
    ask(clients.back());
  }
  for (const std::size_t i : {2, 3}) EXPECT_EQ(clients[i].end(), End::kFin) << i;
  hold = false;
  EXPECT_EQ(clients[1].receive_message(), kHello);
  for (const std::size_t i : {0, 1, 4, 17, 18, 19}) ask(clients[i]);
}

TEST(Limits, WhoHasJustBeenServedDoesNotMakeRoom) {
  Origin origin(hello());
  wire::Config config = default_config();
  config.mutable_limits()->set_connections(2);
  Gateway gateway(origin.port(), config);
  Peer first = gateway.connect(), second = gateway.connect();
  for (int i = 0; i < 15; ++i) {
    for (Peer* peer : {&first, &second}) {
      peer->send(kGet);
      EXPECT_EQ(peer->receive_message(), kHello);
    }
    pause(100);
  }
  Peer third = gateway.connect();
  third.send(kGet);
  pause(1000);
  EXPECT_EQ(first.end(), End::kFin);  // now that it has been idle for a while
  first.finish_sending();
  EXPECT_EQ(third.receive_message(), kHello);
}

// The worker shares the test's descriptor table, so the test can use it up.
TEST(Limits, WithoutDescriptorsAcceptingPausesAndDoesNotSpin) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers need descriptors themselves; the plain build tests this";
#endif
  Origin origin(hello());
  Gateway gateway(origin.port());
  Peer first = gateway.connect();
  first.send(kGet);
  EXPECT_EQ(first.receive_message(), kHello);
  UniqueFd late(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit used_up{static_cast<rlim_t>(late.get()), usual.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &used_up), 0);
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ASSERT_EQ(getpeername(first.fd(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  ASSERT_EQ(connect(late.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::clock_t cpu = std::clock();
  pause(300);
  EXPECT_LT(std::clock() - cpu, CLOCKS_PER_SEC / 10);
  first.send(kGet);  // others are served meanwhile
  EXPECT_EQ(first.receive_message(), kHello);
  EXPECT_EQ(gateway.metrics().accepted.load(), 1u);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0);
  Peer client(std::move(late));
  client.send(kGet);
  EXPECT_EQ(client.receive_message(), kHello);
}

TEST(Draining, IdleEndsActiveFinishesAndTheWorkerLeaves) {
  Origin origin([](Peer& peer) {
    for (std::string head = peer.receive_head(); !head.empty(); head = peer.receive_head()) {
      if (head.find("/slow") != std::string::npos) pause(400);
      peer.send(kHello);
    }
  });
  Gateway gateway(origin.port());
  Peer idle = gateway.connect(), active = gateway.connect();
  idle.send(kGet);
  EXPECT_EQ(idle.receive_message(), kHello);
  active.send("GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n");
  pause(100);
  std::thread stopper([&] { EXPECT_EQ(gateway.stop(5000), 0); });
  EXPECT_EQ(idle.receive_all(), "");
  EXPECT_EQ(idle.end(), End::kFin);
  const std::string all = active.receive_all();
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos) << all;
  EXPECT_TRUE(all.ends_with("hello"));
  EXPECT_EQ(active.end(), End::kFin);
  stopper.join();
}

TEST(Draining, WhatDoesNotFinishInTimeIsEndedAndLogged) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.receive_some();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(kGet);
  pause(100);
  const auto start = Clock::now();
  EXPECT_EQ(gateway.stop(1000), 0);
  EXPECT_LT(elapsed_ms(start), 1500);
  EXPECT_EQ(gateway.parent().wait_for_records(1)[0].ending(), wire::DRAINED);
}

TEST(Draining, DisarmedListenerIsHeardNoMoreAndLosesNobody) {
  Origin origin(hello());
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(kGet);
  EXPECT_EQ(client.receive_message(), kHello);
  gateway.parent().disarm(0);
  client.send(kGet);  // goes on; and its answer shows that the order has arrived
  EXPECT_EQ(client.receive_message(), kHello);
  Peer queued = gateway.connect();
  queued.send(kGet);
  queued.set_timeout_ms(200);
  EXPECT_EQ(queued.receive_some(), "");
  EXPECT_EQ(gateway.metrics().accepted.load(), 1u);
  gateway.parent().arm(7, gateway.copy_listener());
  queued.set_timeout_ms(5000);
  EXPECT_EQ(queued.receive_message(), kHello);
}

}  // namespace
}  // namespace gatehouse::worker::testing
