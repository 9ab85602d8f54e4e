// SPDX-License-Identifier: Apache-2.0
// Whole exchanges through the real loop: requests and responses of every framing.
#include <gtest/gtest.h>

#include "tests/worker/gateway.h"

namespace gatehouse::worker::testing {
namespace {

const std::string kGet = "GET /a HTTP/1.1\r\nHost: example.test\r\n\r\n";

std::string response(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

// Answers every request head with the same octets until the client ends.
Origin::Handler answer_all(std::string octets) {
  return [octets](Peer& peer) {
    while (!peer.receive_head().empty()) peer.send(octets);
  };
}

TEST(Exchange, KeepsBothConnectionsForTheNextRequest) {
  Origin origin(answer_all(response("hello")));
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  for (int i = 0; i < 10; ++i) {
    client.send(kGet);
    EXPECT_EQ(client.receive_message(), response("hello"));
  }
  EXPECT_EQ(origin.connections(), 1);
  EXPECT_EQ(gateway.parent().connects(), 1);
  const auto records = gateway.parent().wait_for_records(10);
  ASSERT_EQ(records.size(), 10u);
  EXPECT_FALSE(records[0].reused());
  EXPECT_TRUE(records[9].reused());
  EXPECT_EQ(records[9].exchange(), 10u);
  EXPECT_EQ(records[9].method(), "GET");
  EXPECT_EQ(records[9].host(), "example.test");
  EXPECT_EQ(records[9].target(), "/a");
  EXPECT_EQ(records[9].version(), 11u);
  EXPECT_EQ(records[9].status(), 200u);
  EXPECT_EQ(records[9].ending(), wire::COMPLETE);
  EXPECT_EQ(records[9].octets_in(), kGet.size());
  EXPECT_EQ(records[9].octets_out(), response("hello").size());
  EXPECT_GT(records[9].client_port(), 0u);
  EXPECT_GT(records[9].total_us(), 0u);
}

TEST(Exchange, HeadArrivingOctetByOctetOnBothSides) {
  Origin origin([](Peer& peer) {
    while (!peer.receive_head().empty()) {
      for (const char octet : response("hello")) {
        peer.send({&octet, 1});
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    }
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  for (int i = 0; i < 2; ++i) {
    for (const char octet : kGet) {
      client.send({&octet, 1});
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    EXPECT_EQ(client.receive_message(), response("hello"));
  }
}

TEST(Exchange, PipelinedRequestsAreAnsweredInOrder) {
  Origin origin([](Peer& peer) {
    for (std::string head = peer.receive_head(); !head.empty(); head = peer.receive_head()) {
      const std::string target = head.substr(4, head.find(' ', 4) - 4);
      peer.send(response(target));
    }
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  std::string all;
  for (int i = 0; i < 500; ++i) {
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a.test\r\n\r\n";
  }
  client.send(all);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(client.receive_message(), response("/" + std::to_string(i)));
  }
  EXPECT_EQ(gateway.parent().connects(), 1);
}

TEST(Exchange, RequestBodyBehindItsHeadAndThenTheNextRequest) {
  Origin origin([](Peer& peer) {
    for (std::string message = peer.receive_message(); !message.empty();
         message = peer.receive_message()) {
      peer.send(response(message.substr(message.find("\r\n\r\n") + 4)));
    }
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  const std::string post = "POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n12345";
  client.send(post + post + kGet);
  EXPECT_EQ(client.receive_message(), response("12345"));
  EXPECT_EQ(client.receive_message(), response("12345"));
  EXPECT_EQ(client.receive_message(), response(""));
  EXPECT_EQ(gateway.parent().wait_for_records(3)[0].octets_in(), post.size());
}

TEST(Exchange, ChunkedBothWays) {
  Origin origin([](Peer& peer) {
    while (!peer.receive_head().empty()) {
      const std::string body = peer.receive_until("0\r\n\r\n");
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
    }
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(
        "POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(client.receive_head(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(client.receive_until("0\r\n\r\n"), "5\r\nabcde\r\n0\r\n\r\n");
  }
  EXPECT_EQ(origin.connections(), 1);
}

TEST(Exchange, CloseDelimitedResponseEndsCleanly) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send("HTTP/1.0 200 OK\r\n\r\nuntil the end");
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(kGet);
  const std::string all = client.receive_all();
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos) << all;
  EXPECT_TRUE(all.ends_with("\r\n\r\nuntil the end"));
  EXPECT_EQ(client.end(), End::kFin);
}

TEST(Exchange, ResponsesWithoutContent) {
  Origin origin([](Peer& peer) {
    for (std::string head = peer.receive_head(); !head.empty(); head = peer.receive_head()) {
      if (head.starts_with("HEAD")) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
      } else if (head.find("/204") != std::string::npos) {
        peer.send("HTTP/1.1 204 No Content\r\n\r\n");
      } else {
        peer.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n");
      }
    }
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  EXPECT_NE(client.receive_head().find("Content-Length: 1000000"), std::string::npos);
  client.send("GET /204 HTTP/1.1\r\nHost: a.test\r\n\r\n");
  EXPECT_TRUE(client.receive_head().starts_with("HTTP/1.1 204"));
  client.send("GET /304 HTTP/1.1\r\nHost: a.test\r\n\r\n");
  EXPECT_TRUE(client.receive_head().starts_with("HTTP/1.1 304"));
  client.send("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  EXPECT_TRUE(client.receive_head().starts_with("HTTP/1.1 200"));
  EXPECT_EQ(gateway.parent().connects(), 1);
}

TEST(Exchange, Http10Client) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    peer.receive_some();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("GET / HTTP/1.0\r\n\r\n");
  const std::string all = client.receive_all();
  EXPECT_TRUE(all.ends_with("\r\n\r\nabc")) << all;
  EXPECT_EQ(all.find("chunked"), std::string::npos);
  EXPECT_EQ(client.end(), End::kFin);
}

TEST(Exchange, InterimResponsesPassAndExpectationIsMet) {
  Origin origin([](Peer& peer) {
    EXPECT_NE(peer.receive_head().find("100-continue"), std::string::npos);
    peer.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    const std::string body = peer.receive_exactly(5);
    peer.send(response(body));
    peer.receive_some();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(
      "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive_head(), "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
  EXPECT_EQ(client.receive_head(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("12345");
  EXPECT_EQ(client.receive_message(), response("12345"));
}

// RFC 9110 10.1.1: a server that knows no expectations waits for the content, the client for it.
TEST(Exchange, ClientIsLetContinueWhenTheServerSaysNothing) {
  for (const char* late : {"", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    Origin origin([late](Peer& peer) {
      peer.receive_head();
      const std::string body = peer.receive_exactly(5);
      peer.send(late + response(body));
      peer.receive_some();
    });
    Gateway gateway(origin.port());
    Peer client = gateway.connect();
    client.send(
        "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.receive_head(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("12345");
    EXPECT_EQ(client.receive_message(), response("12345"));
  }
}

TEST(Exchange, FloodOfInterimResponsesIsRefused) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    for (int i = 0; i < 17; ++i) peer.send("HTTP/1.1 103 Early Hints\r\n\r\n");
    peer.receive_some();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(kGet);
  std::string head = client.receive_head();
  int interims = 0;
  for (; head.starts_with("HTTP/1.1 103"); head = client.receive_head()) ++interims;
  EXPECT_EQ(interims, 16);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 502"));
}

TEST(Exchange, WebsocketBecomesATunnelWithHalfClose) {
  Origin origin([](Peer& peer) {
    EXPECT_NE(peer.receive_head().find("Upgrade: websocket"), std::string::npos);
    peer.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        "first");
    const std::string all = peer.receive_all();  // the client's FIN is passed on
    peer.send("got " + std::to_string(all.size()));
    peer.finish_sending();
    peer.end();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(
      "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_TRUE(client.receive_head().starts_with("HTTP/1.1 101"));
  EXPECT_EQ(client.receive_exactly(5), "first");
  client.send(std::string(3'000'000, 'w'));
  client.finish_sending();
  EXPECT_EQ(client.receive_all(), "got 3000000");
  EXPECT_EQ(client.end(), End::kFin);
  const auto records = gateway.parent().wait_for_records(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].status(), 101u);
  EXPECT_EQ(records[0].ending(), wire::COMPLETE);
}

TEST(Exchange, ClientThatHasShutDownItsSendingSideStillGetsTheResponse) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    peer.send(response(pattern(300'000)));
    peer.receive_some();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(kGet);
  client.finish_sending();
  EXPECT_EQ(client.receive_all(), response(pattern(300'000)));
  EXPECT_EQ(client.end(), End::kFin);
  EXPECT_EQ(gateway.parent().wait_for_records(1)[0].ending(), wire::COMPLETE);
}

TEST(Exchange, TraceAndOptionsForTheGatewayItself) {
  Origin origin(answer_all(response("no")));
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("OPTIONS * HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n\r\n" + kGet);
  EXPECT_TRUE(client.receive_message().starts_with("HTTP/1.1 200"));
  EXPECT_EQ(client.receive_message(), response("no"));
  EXPECT_EQ(gateway.parent().connects(), 1);
}

TEST(Exchange, ManyClientsAtOnce) {
  Origin origin(answer_all(response("hello")));
  Gateway gateway(origin.port());
  std::vector<Peer> clients;
  for (int i = 0; i < 150; ++i) clients.push_back(gateway.connect());
  gateway.parent().hold_answers(true);
  for (Peer& client : clients) client.send(kGet);
  for (int i = 0; i < 200 && gateway.parent().connects() < 64; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(gateway.parent().connects(), 64);  // the others wait in the worker
  gateway.parent().hold_answers(false);
  for (Peer& client : clients) EXPECT_EQ(client.receive_message(), response("hello"));
  EXPECT_EQ(gateway.parent().connects(), 150);
  EXPECT_LE(gateway.parent().most_outstanding(), 64);
}

}  // namespace
}  // namespace gatehouse::worker::testing
