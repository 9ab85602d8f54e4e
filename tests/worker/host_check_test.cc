// SPDX-License-Identifier: Apache-2.0
// Names in Host against the address that the client has connected to.
#include "worker/host_check.h"

#include <gtest/gtest.h>

#include "tests/worker/answers.h"
#include "tests/worker/gateway.h"

namespace gatehouse::worker::testing {
namespace {

using Record = wire::AccessRecord;
using Names = std::vector<std::string>;

wire::Config check_config(wire::ConfigHostCheck check) {
  wire::Config config = default_config();
  config.set_host_check(check);
  return config;
}

std::string get(const std::string& host) { return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"; }

TEST(HostCheck, OffAsksNothing) {
  Origin origin(answer("hello"));
  Gateway gateway(origin.port(), check_config(wire::HOST_CHECK_OFF));
  Peer client = gateway.connect();
  client.send(get("a.test"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
  EXPECT_EQ(gateway.parent().wait_for_records(1).at(0).host_check(), Record::NONE);
  EXPECT_TRUE(gateway.parent().resolved().empty());
}

TEST(HostCheck, TagOnlyWritesItDownAndAsksOnceForEachName) {
  Origin origin(answer("hello"));
  Gateway gateway(origin.port(), check_config(wire::HOST_CHECK_TAG));
  gateway.parent().set_verified("a.test", wire::Verified::MATCH);
  gateway.parent().set_verified("b.test", wire::Verified::MISMATCH);
  Peer client = gateway.connect();
  for (const char* host : {"a.test", "A.TEST:80", "a.test", "b.test", "B.test", "c.test"}) {
    client.send(get(host));
    EXPECT_EQ(client.receive_message(), ok("hello")) << host;
  }
  EXPECT_TRUE(gateway.parent().wait_for_resolved(3));
  EXPECT_EQ(gateway.parent().resolved(), (Names{"a.test", "b.test", "c.test"}));
  EXPECT_EQ(gateway.parent().connects(), 1);
  const auto records = gateway.parent().wait_for_records(6);
  ASSERT_EQ(records.size(), 6u);
  const Record::HostCheck wanted[] = {Record::MATCH,    Record::MATCH,    Record::MATCH,
                                      Record::MISMATCH, Record::MISMATCH, Record::UNKNOWN};
  for (std::size_t i = 0; i < 6; ++i) {
    // By the number of the exchange: a record that waits is written after later ones.
    for (const Record& record : records) {
      if (record.exchange() == i + 1) {
        EXPECT_EQ(record.host_check(), wanted[i]) << i;
      }
    }
  }
}

TEST(HostCheck, TagDelaysTheRecordAndNothingElse) {
  Origin origin(answer("hello"));
  Gateway gateway(origin.port(), check_config(wire::HOST_CHECK_TAG));
  gateway.parent().set_verified("slow.test", wire::Verified::MISMATCH, 500);
  gateway.parent().set_verified("a.test", wire::Verified::MATCH);
  const Stopwatch watch;
  {
    Peer client = gateway.connect();
    for (int i = 0; i < 3; ++i) {
      client.send(get("slow.test"));
      EXPECT_EQ(client.receive_message(), ok("hello"));
    }
    client.send(get("a.test"));  // the question about the other name is still open
    EXPECT_EQ(client.receive_message(), ok("hello"));
  }
  EXPECT_LT(watch.ms(), 400);
  EXPECT_EQ(gateway.parent().wait_for_records(1).at(0).host_check(), Record::MATCH);
  const auto records = gateway.parent().wait_for_records(4);
  EXPECT_GE(watch.ms(), 500);
  ASSERT_EQ(records.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(records[i].host_check(), Record::MISMATCH);
}

TEST(HostCheck, RecordsThatWaitAreWrittenWhenTheWorkerStops) {
  Origin origin(answer("hello"));
  Gateway gateway(origin.port(), check_config(wire::HOST_CHECK_TAG));
  gateway.parent().set_verified("slow.test", wire::Verified::MATCH, 60'000);
  Peer client = gateway.connect();
  client.send(get("slow.test"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
  EXPECT_EQ(gateway.stop(), 0);
  const auto records = gateway.parent().wait_for_records(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].host_check(), Record::UNKNOWN);
}

// The parent has forgotten that the name is the destination's, as it remembers the latest only.
TEST(HostCheck, AProofThatTheParentMissesIsGivenOnceMore) {
  Origin origin(answer("hello"));
  Gateway gateway(origin.port(), check_config(wire::HOST_CHECK_ENFORCE));
  gateway.parent().set_verified("a.test", wire::Verified::MATCH, 200);
  gateway.parent().answer_connects_with(-wire::Refused::UNPROVED);
  {
    Peer client = gateway.connect();
    client.send(get("a.test"));
    ASSERT_TRUE(gateway.parent().wait_for_resolved(2));
    gateway.parent().answer_connects_with(0);
    EXPECT_EQ(client.receive_message(), ok("hello"));
    EXPECT_EQ(gateway.parent().connects(), 2);
  }
  gateway.parent().answer_connects_with(-wire::Refused::UNPROVED);
  Peer client = gateway.connect();
  client.send(get("a.test"));
  const std::string refusal = client.receive_message();
  EXPECT_EQ(status_of(refusal), "403");
  EXPECT_NE(refusal.find("policy-floor"), std::string::npos);
  EXPECT_EQ(gateway.parent().resolved().size(), 4U) << "asked for again, once";
  EXPECT_EQ(gateway.parent().connects(), 4);
}

TEST(HostCheck, WhatThePolicysFloorRefusesIsADenial) {
  Origin origin(answer("hello"));
  Gateway gateway(origin.port(), check_config(wire::HOST_CHECK_OFF));
  gateway.parent().answer_connects_with(-wire::Refused::POLICY);
  Peer client = gateway.connect();
  client.send(get("a.test"));
  const std::string refusal = client.receive_message();
  EXPECT_EQ(status_of(refusal), "403");
  EXPECT_EQ(gateway.parent().wait_for_records(1).at(0).reason(), "policy-floor");
}

TEST(HostCheck, EnforceLetsOnlyAMatchThrough) {
  Origin origin(echo_head);
  Gateway gateway(origin.port(), check_config(wire::HOST_CHECK_ENFORCE));
  gateway.parent().set_verified("a.test", wire::Verified::MATCH);
  gateway.parent().set_verified("b.test", wire::Verified::MISMATCH);
  gateway.parent().set_verified("c.test", wire::Verified::UNKNOWN);
  for (const char* host : {"b.test", "c.test", "never.heard.of.test"}) {
    Peer client = gateway.connect();
    for (int i = 0; i < 2; ++i) {  // asked for, then known
      client.send(get(host));
      const std::string refusal = client.receive_message();
      EXPECT_EQ(status_of(refusal), "421") << host;
      EXPECT_NE(refusal.find("host-unverified"), std::string::npos);
    }
  }
  EXPECT_EQ(gateway.parent().connects(), 0);
  EXPECT_EQ(gateway.parent().resolved().size(), 3u);
  Peer client = gateway.connect();
  client.send(get("a.test"));
  EXPECT_EQ(status_of(client.receive_message()), "200");
  const auto records = gateway.parent().wait_for_records(7);
  EXPECT_EQ(records.at(0).host_check(), Record::MISMATCH);
  EXPECT_EQ(records.at(0).ending(), wire::REFUSED);
  EXPECT_EQ(records.at(1).host_check(), Record::MISMATCH);
  EXPECT_EQ(records.at(4).host_check(), Record::UNKNOWN);
  EXPECT_EQ(records.at(6).host_check(), Record::MATCH);
}

TEST(HostCheck, EnforceHoldsForEveryNameOfAConnection) {
  std::atomic<int> requests{0};
  Origin origin([&](Peer& peer) {
    while (!peer.receive_head().empty()) {
      ++requests;
      peer.send(ok("hello"));
    }
  });
  Gateway gateway(origin.port(), check_config(wire::HOST_CHECK_ENFORCE));
  gateway.parent().set_verified("a.test", wire::Verified::MATCH, 50);
  gateway.parent().set_verified("also.test", wire::Verified::MATCH, 50);
  gateway.parent().set_verified("b.test", wire::Verified::MISMATCH, 50);
  Peer client = gateway.connect();
  client.send(get("a.test"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
  client.send(get("also.test"));  // over the connection that is there
  EXPECT_EQ(client.receive_message(), ok("hello"));
  EXPECT_EQ(gateway.parent().connects(), 1);
  client.send(get("b.test"));
  EXPECT_EQ(status_of(client.receive_message()), "421");
  EXPECT_EQ(requests, 2);
  client.send(get("a.test"));  // asked anew: only the last name is remembered
  EXPECT_EQ(client.receive_message(), ok("hello"));
}

TEST(HostCheck, EnforceKeepsContentForLater) {
  Origin origin([](Peer& peer) {
    const std::string message = peer.receive_message();
    peer.send(ok(std::to_string(body_of(message).size())));
    peer.receive_some();
  });
  Gateway gateway(origin.port(), check_config(wire::HOST_CHECK_ENFORCE));
  gateway.parent().set_verified("a.test", wire::Verified::MATCH, 100);
  Peer client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 500000\r\n\r\n" +
              std::string(500'000, 'x'));
  EXPECT_EQ(body_of(client.receive_message()), "500000");
}

TEST(HostCheck, ClientsThatGoWhileTheirNameIsChecked) {
  Origin origin(answer("hello"));
  for (const auto check : {wire::HOST_CHECK_TAG, wire::HOST_CHECK_ENFORCE}) {
    Gateway gateway(origin.port(), check_config(check));
    gateway.parent().set_verified("slow.test", wire::Verified::MATCH, 200);
    for (std::size_t i = 0; i < 20; ++i) {
      Peer client = gateway.connect();
      client.send(get("slow.test"));
      ASSERT_TRUE(gateway.parent().wait_for_resolved(i + 1));
      client.reset();
    }
    EXPECT_EQ(gateway.parent().wait_for_records(20).size(), 20u);
  }
}

TEST(HostCheck, LiteralNeedsNoQuestionAndNoNameNeedsNone) {
  Origin origin(answer("hello"));
  Gateway gateway(origin.port(), check_config(wire::HOST_CHECK_ENFORCE));
  Peer client = gateway.connect();
  client.send(get("127.0.0.1"));
  EXPECT_EQ(client.receive_message(), ok("hello"));
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(status_of(client.receive_message()), "200");
  Peer wrong = gateway.connect();
  wrong.send(get("192.0.2.1"));
  EXPECT_EQ(status_of(wrong.receive_message()), "421");
  EXPECT_TRUE(gateway.parent().resolved().empty());
  const auto records = gateway.parent().wait_for_records(3);
  EXPECT_EQ(records.at(0).host_check(), Record::MATCH);
  EXPECT_EQ(records.at(1).host_check(), Record::NONE);
  EXPECT_EQ(records.at(2).reason(), "wrong-destination");
}

}  // namespace
}  // namespace gatehouse::worker::testing
