// SPDX-License-Identifier: Apache-2.0
// Connections that begin with a PROXY protocol header, of clients and to upstreams.
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
const std::string kLoopback = "\x7f\x00\x00\x01"s;
const std::string kLocal = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s;
const std::string kBlock =
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\x00\x71\x09\xc6\x33\x64\x02\x16\x2e\0\x50"s;

wire::Config proxy_config(const std::string& network = "\x7f\x00\x00\x00"s, unsigned prefix = 8) {
  wire::Config config = default_config();
  auto* from = config.mutable_listeners(0)->add_proxy_from();
  from->set_address(network);
  from->set_prefix(prefix);
  return config;
}

TEST(ProxyHeader, GivesTheLogItsClientAndKeepsWhatFollows) {
  Origin origin(hello());
  Gateway gateway(origin.port(), proxy_config());
  for (const std::string& header : {kLine, kBlock}) {
    Peer client = gateway.connect();
    client.send(header + kGet);
    EXPECT_EQ(client.receive_message(), kHello);
    client.send(kGet);
    EXPECT_EQ(client.receive_message(), kHello);
  }
  for (const wire::AccessRecord& record : gateway.parent().wait_for_records(4)) {
    EXPECT_EQ(record.client(), kClient);
    EXPECT_EQ(record.client_port(), 5678u);
    EXPECT_EQ(record.destination(), kLoopback) << "the destination is the connection's";
  }
}

TEST(ProxyHeader, MayArriveInPieces) {
  Origin origin(hello());
  Gateway gateway(origin.port(), proxy_config());
  for (const std::string& header : {kLine, kBlock}) {
    Peer client = gateway.connect();
    for (const char octet : header) {
      client.send({&octet, 1});
      pause(1);
    }
    client.send(kGet);
    EXPECT_EQ(client.receive_message(), kHello);
  }
  for (const wire::AccessRecord& record : gateway.parent().wait_for_records(2)) {
    EXPECT_EQ(record.client(), kClient);
  }
}

TEST(ProxyHeader, WithoutAddressesTheConnectionsHold) {
  Origin origin(hello());
  Gateway gateway(origin.port(), proxy_config());
  for (const std::string& header : {kLocal, "PROXY UNKNOWN\r\n"s}) {
    Peer client = gateway.connect();
    client.send(header + kGet);
    EXPECT_EQ(client.receive_message(), kHello);
  }
  for (const wire::AccessRecord& record : gateway.parent().wait_for_records(2)) {
    EXPECT_EQ(record.client(), kLoopback);
  }
}

TEST(ProxyHeader, MalformedOrMissingIsAResetWithoutAnAnswer) {
  Origin origin(hello());
  Gateway gateway(origin.port(), proxy_config());
  const std::string wrong[] = {
      kGet, "proxy" + kLine.substr(5) + kGet, kLine.substr(0, kLine.size() - 2) + " x\r\n" + kGet,
      kBlock.substr(0, 13) + "\x12" + kBlock.substr(14) + kGet, std::string(3000, 'P')};
  for (const std::string& octets : wrong) {
    Peer client = gateway.connect();
    client.send(octets);
    EXPECT_EQ(client.receive_all(), "");
    EXPECT_EQ(client.end(), End::kReset);
  }
  EXPECT_EQ(gateway.metrics().proxy_malformed.load(), std::size(wrong));
  EXPECT_EQ(gateway.parent().connects(), 0);
  pause(100);
  const auto events = gateway.parent().events();
  ASSERT_EQ(events.size(), 1u) << "one line stands for all";
  EXPECT_NE(events[0].find("from 127.0.0.1 is malformed (signature)"), std::string::npos);
}

TEST(ProxyHeader, HasToArriveInTime) {
  Origin origin(hello());
  wire::Config config = proxy_config();
  config.mutable_timeouts()->set_head_ms(300);
  Gateway gateway(origin.port(), config);
  Peer silent = gateway.connect(), slow = gateway.connect();
  const auto start = Clock::now();
  for (int i = 0; i < 20; ++i) {
    slow.send(kLine.substr(static_cast<std::size_t>(i), 1));
    pause(20);
  }
  EXPECT_EQ(slow.receive_all(), "");
  EXPECT_EQ(slow.end(), End::kReset);
  EXPECT_EQ(silent.receive_all(), "");
  EXPECT_EQ(silent.end(), End::kReset);
  EXPECT_LT(elapsed_ms(start), 1000);
  EXPECT_EQ(gateway.metrics().proxy_malformed.load(), 2u);
}

TEST(ProxyHeader, APeerThatOnlyLooksIsNoFault) {
  Origin origin(hello());
  Gateway gateway(origin.port(), proxy_config());
  {
    Peer looks = gateway.connect();
    looks.finish_sending();
    EXPECT_EQ(looks.receive_all(), "");
  }
  EXPECT_EQ(gateway.metrics().proxy_malformed.load(), 0u);
  Peer breaks_off = gateway.connect();
  breaks_off.send(kLine.substr(0, 20));
  breaks_off.finish_sending();
  EXPECT_EQ(breaks_off.receive_all(), "");
  EXPECT_EQ(breaks_off.end(), End::kReset);
  EXPECT_EQ(gateway.metrics().proxy_malformed.load(), 1u);
}

// Never detected: who isn't listed speaks HTTP, and a header is none.
TEST(ProxyHeader, FromOthersIsNoHeader) {
  Origin origin(hello());
  Gateway gateway(origin.port(), proxy_config("\xc0\x00\x02\x00"s, 24));
  Peer client = gateway.connect();
  client.send(kGet);
  EXPECT_EQ(client.receive_message(), kHello);
  for (const std::string& header : {kLine, kBlock}) {
    Peer liar = gateway.connect();
    liar.send(header + kGet);
    EXPECT_EQ(liar.receive_all().substr(0, 12), "HTTP/1.1 400");
  }
  for (const wire::AccessRecord& record : gateway.parent().wait_for_records(3)) {
    EXPECT_EQ(record.client(), kLoopback);
  }
  EXPECT_EQ(gateway.metrics().proxy_malformed.load(), 0u);
}

wire::Config reverse_config(unsigned proxy_protocol) {
  wire::Config config = proxy_config();
  config.mutable_listeners(0)->set_mode(wire::REVERSE);
  auto* upstream = config.add_upstreams();
  upstream->set_name("app");
  upstream->set_proxy_protocol(proxy_protocol);
  upstream->set_fails(3);
  upstream->set_down_ms(1000);
  auto* server = upstream->add_servers();
  server->set_id(1);
  server->set_address(kLoopback);
  server->set_port(80);
  return config;
}

// Each upstream connection begins with a header, once, and it names the client that the header of
// the client connection has named, as X-Forwarded-For does.
TEST(ProxyHeader, GoesOutFirstOnEachUpstreamConnection) {
  for (const unsigned version : {1U, 2U}) {
    const std::size_t size = version == 1 ? std::string("PROXY TCP4 203.0.113.9 ").size() : 28;
    std::vector<std::string> headers;
    std::vector<std::string> heads;
    Origin origin([&](Peer& peer) {
      headers.push_back(version == 1 ? peer.receive_until("\r\n") : peer.receive_exactly(size));
      for (int i = 0; i < 2; ++i) {
        heads.push_back(peer.receive_head());
        peer.send(kHello);
      }
      peer.finish_sending();
    });
    {
      Gateway gateway(origin.port(), reverse_config(version));
      gateway.parent().set_server(1, {.port = origin.port()});
      Peer client = gateway.connect();
      client.send(kLine + kGet);
      EXPECT_EQ(client.receive_message(), kHello);
      for (int i = 0; i < 3; ++i) {
        if (i == 1) pause(100);  // the origin has closed the connection
        client.send(kGet);
        EXPECT_EQ(client.receive_message(), kHello);
      }
      EXPECT_EQ(gateway.parent().connects(), 2);
    }
    ASSERT_EQ(headers.size(), 2u);
    for (const std::string& header : headers) {
      const ProxyHeader read = read_proxy_header(header);
      EXPECT_EQ(read.status, ProxyStatus::kComplete);
      EXPECT_EQ(to_string(read.source), "203.0.113.9:5678");
      EXPECT_EQ(to_string(read.destination.address), "127.0.0.1");
    }
    ASSERT_EQ(heads.size(), 4u);
    for (const std::string& head : heads) {
      EXPECT_EQ(head.substr(0, 7), "GET /a ");
      EXPECT_NE(head.find("X-Forwarded-For: 203.0.113.9\r\n"), std::string::npos) << head;
    }
  }
}

}  // namespace
}  // namespace gatehouse::worker::testing
