// SPDX-License-Identifier: Apache-2.0
// Many clients and upstreams that misbehave at random: the worker survives, leaks nothing, and a
// well-behaved client among them is served throughout. Most telling in a sanitizer build.
#include <gtest/gtest.h>

#include <random>

#include "tests/worker/gateway.h"

namespace gatehouse::worker::testing {
namespace {

using Random = std::mt19937;

std::string some_request(Random& random) {
  switch (random() % 9) {
    case 0:
      return "POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2000\r\n\r\n" +
             std::string(random() % 2200, 'b');
    case 1:
      return "POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
             "5\r\n12345\r\n" +
             std::string(random() % 2 == 0 ? "0\r\n\r\n" : "zz\r\n");
    case 2:
      return "GARBAGE\r\n\r\n";
    case 3:
      return "HEAD / HTTP/1.0\r\n\r\n";
    case 4:
      return "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\nraw";
    case 5:
      return "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";
    default:
      return "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
  }
}

std::string some_response(Random& random) {
  switch (random() % 10) {
    case 0:
      return "HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + std::string(400'000, 'r');
    case 1:
      return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort";
    case 2:
      return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    case 3:
      return "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    case 4:
      return "nonsense";
    case 5:
      return "HTTP/1.0 200 OK\r\n\r\nuntil the end";
    case 6:
      return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
             "websocket\r\n\r\nx";
    case 7:
      return "";
    default:
      return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  }
}

void leave(Peer& peer, Random& random) {
  switch (random() % 3) {
    case 0:
      peer.reset();
      break;
    case 1:
      peer.finish_sending();
      peer.receive_some();
      break;
    default:
      break;
  }
}

TEST(Chaos, NothingBreaksTheWorkerOrAnHonestClient) {
  std::atomic<unsigned> seeds{1};
  Origin origin([&](Peer& peer) {
    Random random(seeds++);
    peer.set_timeout_ms(300);
    const std::string first = peer.receive_head();
    if (first.find("Host: honest.test") != std::string::npos) {
      std::string head = first;
      peer.set_timeout_ms(20'000);
      do peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhonest");
      while (!(head = peer.receive_head()).empty());
      return;
    }
    for (int i = 0; i < 5; ++i) {
      const std::string response = some_response(random);
      const std::size_t cut =
          random() % 4 == 0 ? random() % (response.size() + 1) : response.size();
      peer.send(response.substr(0, cut));
      if (random() % 3 == 0) break;
      if (peer.receive_head().empty()) break;
    }
    leave(peer, random);
  });
  wire::Config config = default_config();
  config.mutable_timeouts()->set_head_ms(200);
  config.mutable_timeouts()->set_response_ms(300);
  config.mutable_timeouts()->set_stall_ms(300);
  config.mutable_timeouts()->set_idle_ms(500);
  config.mutable_timeouts()->set_upstream_idle_ms(200);
  Gateway gateway(origin.port(), config);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t) {
    threads.emplace_back([&gateway, t] {
      Random random(1000 + t);
      for (int round = 0; round < 40; ++round) {
        Peer client = gateway.connect(random() % 4 == 0 ? 4096 : 0);
        client.set_timeout_ms(20);
        for (unsigned i = 0, n = 1 + random() % 4; i < n; ++i) {
          const std::string request = some_request(random);
          for (std::size_t at = 0; at < request.size();) {
            const std::size_t piece = 1 + random() % request.size();
            client.send(request.substr(at, piece));
            at += piece;
          }
          if (random() % 2 == 0) client.receive_some();
        }
        leave(client, random);
      }
    });
  }
  Peer honest = gateway.connect();
  for (int i = 0; i < 100; ++i) {
    honest.send("GET / HTTP/1.1\r\nHost: honest.test\r\n\r\n");
    ASSERT_TRUE(honest.receive_message().ends_with("honest")) << i;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(gateway.metrics().exchanges.load(), 300u);
}

}  // namespace
}  // namespace gatehouse::worker::testing
