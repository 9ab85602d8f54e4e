// SPDX-License-Identifier: Apache-2.0
#include "worker/http/head_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "worker/http/head_parser.h"

namespace gatehouse::worker::http {
namespace {

class HeadWriter : public testing::Test {
 protected:
  // What goes upstream.
  std::string request(const std::string& octets) {
    HeadParser parser(MessageKind::kRequest);
    RequestPlan plan;
    EXPECT_EQ(parser.parse(octets), ParseStatus::kComplete);
    EXPECT_EQ(check_request(parser.head(), settings_, options_.destination, plan), Refusal::kNone);
    facts_ = plan.facts;
    std::string out(request_head_bound(parser.head(), options_), '\0');
    EXPECT_EQ(write_request_head(parser.head(), plan, options_, {out.data(), out.size() - 1}), 0u);
    out.resize(write_request_head(parser.head(), plan, options_, out));
    return out;
  }

  // What goes to the client.
  std::string response(const std::string& octets) {
    HeadParser parser(MessageKind::kResponse);
    ResponsePlan plan;
    EXPECT_EQ(parser.parse(octets), ParseStatus::kComplete);
    EXPECT_EQ(check_response(parser.head(), facts_, 0, 16, plan), Refusal::kNone);
    response_options_.close = !plan.client_keep;
    std::string out(response_head_bound(parser.head(), response_options_), '\0');
    EXPECT_EQ(write_response_head(parser.head(), plan, facts_, response_options_,
                                  {out.data(), out.size() - 1}),
              0u);
    out.resize(write_response_head(parser.head(), plan, facts_, response_options_, out));
    return out;
  }

  RequestSettings settings_;
  RequestWriteOptions options_;
  ResponseWriteOptions response_options_;
  RequestFacts facts_;
};

TEST_F(HeadWriter, KeepsOrderAndSpelling) {
  EXPECT_EQ(request("GET /x HTTP/1.1\r\nx-B: 1\r\nHOST: a\r\nConnection: Y\r\nY: 2\r\nz:3\r\n"
                    "x-B: \t4 \r\nEmpty:\r\nkeep-alive: 5\r\n\r\n"),
            "GET /x HTTP/1.1\r\nx-B: 1\r\nHOST: a\r\nz: 3\r\nx-B: 4\r\nEmpty: \r\n\r\n");
}

TEST_F(HeadWriter, RegeneratesFraming) {
  EXPECT_EQ(request("PUT / HTTP/1.1\r\nHost: a\r\ncontent-length: 007\r\nX: 1\r\n\r\n"),
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nX: 1\r\n\r\n");
  EXPECT_EQ(request("PUT / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\nX: 1\r\n\r\n"),
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX: 1\r\n\r\n");
}

TEST_F(HeadWriter, TargetsAndHost) {
  EXPECT_EQ(request("GET http://A?q HTTP/1.1\r\nX: 1\r\nHost: a:80\r\n\r\n"),
            "GET /?q HTTP/1.1\r\nX: 1\r\nHost: A\r\n\r\n");
  EXPECT_EQ(request("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(request("GET http://a/x HTTP/1.0\r\n\r\n"), "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(request("GET / HTTP/1.0\r\n\r\n"), "GET / HTTP/1.1\r\nHost: \r\n\r\n");
  options_.destination = {{AF_INET, {192, 0, 2, 1}}, 8080};
  EXPECT_EQ(request("GET / HTTP/1.0\r\n\r\n"), "GET / HTTP/1.1\r\nHost: 192.0.2.1:8080\r\n\r\n");
  options_.destination = {{AF_INET6, {0x20, 1, 0xd, 0xb8}}, 80};
  EXPECT_EQ(request("GET / HTTP/1.0\r\n\r\n"), "GET / HTTP/1.1\r\nHost: [2001:db8::]\r\n\r\n");
  options_.host = "origin:81";
  EXPECT_EQ(request("GET / HTTP/1.1\r\nhost: a\r\n\r\n"),
            "GET / HTTP/1.1\r\nhost: origin:81\r\n\r\n");
}

TEST_F(HeadWriter, AddsWhatIsAskedFor) {
  options_.via_pseudonym = "gw";
  options_.close = true;
  options_.extra_fields = "X-A: b\r\n";
  EXPECT_EQ(request("GET / HTTP/1.0\r\nHost: a\r\nVia: 1.1 x\r\nX-Forwarded-For: b\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 x\r\nX-Forwarded-For: b\r\n"
            "Connection: close\r\nVia: 1.0 gw\r\nX-A: b\r\n\r\n");
}

TEST_F(HeadWriter, TellsTheServerAboutTheClientAfresh) {
  options_.forwarded_for = {AF_INET, {192, 0, 2, 9}};
  EXPECT_EQ(
      request("GET / HTTP/1.1\r\nX-FORWARDED-for: b\r\nHost: a.test:81\r\nForwarded: for=c\r\n"
              "X_Forwarded_For: d\r\nx-forwarded_proto: e\r\nX-Real-IP: f\r\nX_real_ip: g\r\n"
              "X-Forwarded-Host: h\r\nX-Forwarded-Proto: i\r\nX_Y: 1\r\n\r\n"),
      "GET / HTTP/1.1\r\nHost: a.test:81\r\nX_Y: 1\r\nX-Forwarded-For: 192.0.2.9\r\n"
      "X-Forwarded-Proto: http\r\nX-Forwarded-Host: a.test:81\r\n"
      "Forwarded: for=192.0.2.9;proto=http;host=\"a.test:81\"\r\n\r\n");
  options_.host = "inner";
  options_.forwarded_for = {AF_INET6, {0x20, 1, 0xd, 0xb8}};
  EXPECT_EQ(request("GET http://b/ HTTP/1.1\r\nHost: b\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 2001:db8::\r\n"
            "X-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\n"
            "Forwarded: for=\"[2001:db8::]\";proto=http;host=\"b\"\r\n\r\n");
  options_.host = {};
  EXPECT_EQ(request("GET / HTTP/1.0\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: \r\nX-Forwarded-For: 2001:db8::\r\n"
            "X-Forwarded-Proto: http\r\nForwarded: for=\"[2001:db8::]\";proto=http\r\n\r\n");
}

TEST_F(HeadWriter, LongHostIsToldWhole) {
  options_.forwarded_for = {AF_INET, {192, 0, 2, 9}};
  const std::string host(4000, 'h');
  const std::string written = request("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  EXPECT_NE(written.find("X-Forwarded-Host: " + host + "\r\n"), std::string::npos);
  EXPECT_NE(written.find(";host=\"" + host + "\"\r\n"), std::string::npos);
}

TEST_F(HeadWriter, UpgradeAndMaxForwards) {
  EXPECT_EQ(
      request("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket, h2c\r\n"
              "Sec-WebSocket-Version: 13\r\n\r\n"),
      "GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Version: 13\r\nConnection: upgrade\r\n"
      "Upgrade: websocket\r\n\r\n");
  EXPECT_EQ(request("TRACE / HTTP/1.1\r\nHost: a\r\nmax-forwards: 3\r\n\r\n"),
            "TRACE / HTTP/1.1\r\nHost: a\r\nmax-forwards: 2\r\n\r\n");
  EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: a\r\nmax-forwards: 3\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nmax-forwards: 3\r\n\r\n");
}

TEST_F(HeadWriter, Responses) {
  EXPECT_EQ(response("HTTP/1.0 200\r\nX : 1\r\nConnection: Y\r\nY: 1\r\nContent-Length: 3, 3\r\n"
                     "Content-Length: 03\r\nTrailer: z\r\n\r\n"),
            "HTTP/1.1 200 \r\nX: 1\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(response("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(response("HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  facts_.te_trailers = true;
  EXPECT_EQ(response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: z\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: z\r\n\r\n");
}

TEST_F(HeadWriter, ResponsesToOldClients) {
  request("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST_F(HeadWriter, SwitchedAndTunnelled) {
  facts_.websocket = true;
  EXPECT_EQ(response("HTTP/1.1 101 S\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nA: b\r\n\r\n"),
            "HTTP/1.1 101 S\r\nA: b\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  facts_.method = Method::kConnect;
  EXPECT_EQ(response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "HTTP/1.1 200 OK\r\n\r\n");
}

}  // namespace
}  // namespace gatehouse::worker::http
