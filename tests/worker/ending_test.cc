// SPDX-License-Identifier: Apache-2.0
// How exchanges and connections end when something goes wrong, and what the client sees of it.
#include <gtest/gtest.h>

#include "tests/worker/gateway.h"

namespace gatehouse::worker::testing {
namespace {

const std::string kGet = "GET /a HTTP/1.1\r\nHost: example.test\r\n\r\n";

std::string status_of(const std::string& message) {
  return message.size() > 12 ? message.substr(9, 3) : "none";
}

TEST(Ending, IdleUpstreamThatClosesIsDroppedSilently) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send(kHello);
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    EXPECT_EQ(client.receive_message(), kHello);
    pause(50);
  }
  EXPECT_EQ(origin.connections(), 3);
}

// The upstream answers once and resets the connection when the second request arrives.
Origin::Handler answer_once_then_reset() {
  return [](Peer& peer) {
    peer.receive_head();
    peer.send(kHello);
    peer.receive_head();
    peer.reset();
  };
}

TEST(Ending, ReusedUpstreamThatDiesUnansweredIsRetriedOnce) {
  Origin origin(answer_once_then_reset());
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    EXPECT_EQ(client.receive_message(), kHello);
  }
  EXPECT_EQ(origin.connections(), 3);
  const auto records = gateway.parent().wait_for_records(3);
  for (const auto& record : records) EXPECT_EQ(record.ending(), wire::COMPLETE);
}

TEST(Ending, RequestsThatMayNotBeRepeatedAreNot) {
  Origin origin(answer_once_then_reset());
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(kGet);
  EXPECT_EQ(client.receive_message(), kHello);
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n");
  const std::string answer = client.receive_message();
  EXPECT_EQ(status_of(answer), "502") << answer;
  EXPECT_EQ(origin.connections(), 1);
  EXPECT_EQ(gateway.parent().wait_for_records(2)[1].ending(), wire::UPSTREAM_FAILED);
  // The request was whole, so the client's connection lives on.
  client.send(kGet);
  EXPECT_EQ(client.receive_message(), kHello);
}

TEST(Ending, FreshUpstreamThatClosesWithoutAnswerIs502) {
  Origin origin([](Peer& peer) { peer.receive_head(); });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(kGet);
  EXPECT_EQ(status_of(client.receive_message()), "502");
  EXPECT_EQ(origin.connections(), 1);
  const auto record = gateway.parent().wait_for_records(1)[0];
  EXPECT_EQ(record.ending(), wire::UPSTREAM_FAILED);
  EXPECT_EQ(record.status(), 502u);
  EXPECT_FALSE(record.reason().empty());
}

TEST(Ending, WhatTheParentSaysBecomesAStatus) {
  Origin origin([](Peer& peer) { peer.receive_some(); });
  struct Case {
    int answer;
    const char* status;
  };
  for (const Case& c : {Case{ECONNREFUSED, "502"}, Case{ETIMEDOUT, "504"},
                        Case{-wire::Refused::FLOOR, "403"}, Case{-wire::Refused::LOCAL, "508"},
                        Case{-wire::Refused::CLIENT, "403"}, Case{-wire::Refused::PORT, "403"},
                        Case{-wire::Refused::QUOTA, "503"}, Case{-wire::Refused::BUSY, "503"}}) {
    Gateway gateway(origin.port());
    gateway.parent().answer_connects_with(c.answer);
    Peer client = gateway.connect();
    client.send(kGet);
    EXPECT_EQ(status_of(client.receive_message()), c.status) << c.answer;
    const auto records = gateway.parent().wait_for_records(1);
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].ending(), c.answer > 0 ? wire::UPSTREAM_FAILED : wire::REFUSED);
  }
  EXPECT_EQ(origin.connections(), 0);
}

TEST(Ending, TruncatedResponseResetsTheClient) {
  for (const char* head : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"}) {
    Origin origin([head](Peer& peer) {
      peer.receive_head();
      peer.send(head);
      pause(100);
    });
    Gateway gateway(origin.port());
    Peer client = gateway.connect();
    client.send(kGet);
    EXPECT_TRUE(client.receive_head().starts_with("HTTP/1.1 200"));
    client.receive_all();
    EXPECT_EQ(client.end(), End::kReset) << head;
    const auto record = gateway.parent().wait_for_records(1)[0];
    EXPECT_EQ(record.ending(), wire::UPSTREAM_ABORTED);
  }
}

TEST(Ending, MalformedChunksOfAResponseResetTheClient) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\nzz\r\n");
    peer.receive_some();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(kGet);
  client.receive_all();
  EXPECT_EQ(client.end(), End::kReset);
}

TEST(Ending, ResetOfACloseDelimitedResponseIsPassedOn) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send("HTTP/1.0 200 OK\r\n\r\nsome");
    pause(100);
    peer.reset();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(kGet);
  client.receive_all();
  EXPECT_EQ(client.end(), End::kReset);
}

TEST(Ending, BadResponseIs502) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send("220 smtp.example ESMTP\r\n");
    peer.receive_some();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(kGet);
  EXPECT_EQ(status_of(client.receive_all()), "502");
  EXPECT_EQ(client.end(), End::kFin);
}

TEST(Ending, MalformedRequestIsRefusedAndNothingIsForwarded) {
  Origin origin([](Peer& peer) { peer.receive_some(); });
  Gateway gateway(origin.port());
  for (const char* request :
       {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01 hello", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0x1\r\n"}) {
    Peer client = gateway.connect();
    client.send(request);
    const std::string all = client.receive_all();
    EXPECT_EQ(all.substr(0, 10), "HTTP/1.1 4") << all;
    EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(client.end(), End::kFin) << request;
  }
  EXPECT_EQ(gateway.parent().connects(), 0);
  for (const auto& record : gateway.parent().wait_for_records(5)) {
    EXPECT_EQ(record.ending(), wire::REFUSED);
    EXPECT_GT(record.octets_in(), 0u);
  }
}

TEST(Ending, RefusalIsReadableThoughTheClientGoesOnSending) {
  Origin origin([](Peer& peer) { peer.receive_some(); });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("BAD\r\n" + std::string(40'000, 'x'));
  const std::string all = client.receive_all();
  EXPECT_EQ(status_of(all), "400") << all;
  EXPECT_EQ(client.end(), End::kFin);
}

TEST(Ending, DrainingAfterARefusalIsBounded) {
  Origin origin([](Peer& peer) { peer.receive_some(); });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  const auto start = std::chrono::steady_clock::now();
  client.send("BAD\r\n");
  const std::string block(10'000, 'x');
  bool open = true;
  for (int i = 0; open && i < 1000; ++i) {
    open = client.send(block);
    pause(5);
  }
  EXPECT_FALSE(open);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
}

TEST(Ending, MalformedChunksOfARequestAre400) {
  Origin origin([](Peer& peer) {
    peer.receive_all();
    EXPECT_EQ(peer.end(), End::kReset);  // never the regular end of a request
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  pause(50);
  client.send("zz\r\n");
  EXPECT_EQ(status_of(client.receive_all()), "400");
  EXPECT_EQ(client.end(), End::kFin);
}

TEST(Ending, MalformedFirstChunkIs400) {
  Origin origin([](Peer& peer) { peer.receive_all(); });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  EXPECT_EQ(status_of(client.receive_all()), "400");
}

TEST(Ending, ClientThatLeavesInTheMiddleOfItsBody) {
  Origin origin([](Peer& peer) {
    peer.receive_all();
    EXPECT_EQ(peer.end(), End::kReset);
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\n12345");
  pause(50);
  client.finish_sending();
  EXPECT_EQ(gateway.parent().wait_for_records(1)[0].ending(), wire::CLIENT_ABORTED);
}

TEST(Ending, ClientResetWhileWaitingEndsTheUpstreamToo) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.receive_some();
    EXPECT_EQ(peer.end(), End::kReset);
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(kGet);
  pause(50);
  client.reset();
  EXPECT_EQ(gateway.parent().wait_for_records(1)[0].ending(), wire::CLIENT_ABORTED);
}

TEST(Ending, ResetTunnelEndsThoughTheOtherSideDoesNotRead) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    pause(1000);
    peer.receive_all();
    EXPECT_EQ(peer.end(), End::kReset);
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send(
      "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
  client.receive_head();
  client.set_timeout_ms(200);
  while (client.send(std::string(1'000'000, 'x'))) {
  }
  client.reset();
  EXPECT_EQ(gateway.parent().wait_for_records(1)[0].ending(), wire::CLIENT_ABORTED);
}

TEST(Ending, StrayEmptyLineBetweenRequestsIsNone) {
  Origin origin([](Peer& peer) {
    while (!peer.receive_head().empty()) peer.send(kHello);
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(kGet + "\r\n");
    EXPECT_EQ(client.receive_message(), kHello);
    client.send("\r\n");
    pause(20);
  }
  EXPECT_EQ(gateway.parent().wait_for_records(3).size(), 3u);
}

TEST(Ending, ClientGoneWhileTheParentIsAsked) {
  Origin origin([](Peer& peer) {
    peer.receive_some();
    peer.end();
  });
  Gateway gateway(origin.port());
  gateway.parent().hold_answers(true);
  Peer client = gateway.connect();
  client.send(kGet);
  pause(50);
  client.reset();
  EXPECT_EQ(gateway.parent().wait_for_records(1)[0].ending(), wire::CLIENT_ABORTED);
  gateway.parent().hold_answers(false);
  pause(50);
  Peer other = gateway.connect();
  other.send("BAD\r\n");
  EXPECT_EQ(status_of(other.receive_all()), "400");
}

TEST(Ending, EarlyFinalResponseEndsTheConnection) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    peer.receive_all();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\n");
  client.send(std::string(10'000, 'x'));
  const std::string all = client.receive_all();
  EXPECT_EQ(status_of(all), "413") << all;
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(client.end(), End::kFin);
}

TEST(Ending, AnswerOfAnUpstreamThatStopsReadingIsStillRead) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.receive_exactly(100'000);
    peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    pause(100);
  });  // closes with unread octets: a reset
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5000000\r\n\r\n");
  std::thread sender([&] { client.send(std::string(5'000'000, 'x')); });
  EXPECT_EQ(status_of(client.receive_head()), "403");
  sender.join();
}

}  // namespace
}  // namespace gatehouse::worker::testing
