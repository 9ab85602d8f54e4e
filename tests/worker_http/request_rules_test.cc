// SPDX-License-Identifier: Apache-2.0
#include "worker/http/request_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/worker_http/play.h"
#include "worker/http/head_parser.h"

namespace gatehouse::worker::http {
namespace {

class RequestRules : public testing::Test {
 protected:
  // Head fields without Host and the empty line; Host: a is added.
  Refusal check(const std::string& line, const std::string& fields = "") {
    return check_raw(line + "\r\nHost: a\r\n" + fields + "\r\n");
  }

  Refusal check_raw(const std::string& octets) {
    octets_ = octets;
    parser_.reset();
    EXPECT_EQ(parser_.parse(octets_), ParseStatus::kComplete) << octets;
    return check_request(parser_.head(), settings_, destination_, plan_);
  }

  std::string text(Span span) const { return std::string(parser_.head().text(span)); }

  HeadParser parser_{MessageKind::kRequest};
  RequestSettings settings_;
  Endpoint destination_{{AF_INET, {192, 0, 2, 1}}, 80};
  RequestPlan plan_;
  std::string octets_;
};

TEST_F(RequestRules, Framing) {
  ASSERT_EQ(check("GET / HTTP/1.1"), Refusal::kNone);
  EXPECT_EQ(plan_.framing, Framing::kNone);
  ASSERT_EQ(check("PUT / HTTP/1.1", "Content-Length: 0012\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.framing, Framing::kLength);
  EXPECT_EQ(plan_.content_length, 12u);
  ASSERT_EQ(check("PUT / HTTP/1.1", "Transfer-Encoding: Chunked\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.framing, Framing::kChunked);
  EXPECT_EQ(check("PUT / HTTP/1.1", "Transfer-Encoding: identity, chunked\r\n"),
            Refusal::kBadTransferEncoding);
  EXPECT_EQ(check("PUT / HTTP/1.1", "Transfer-Encoding: foo;a=\"b\", chunked\r\n"),
            Refusal::kCodingNotUnderstood);
  EXPECT_EQ(check("PUT / HTTP/1.1", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
            Refusal::kCodingNotUnderstood);
  EXPECT_EQ(check("PUT / HTTP/1.1", "Transfer-Encoding: chunked,\r\n"),
            Refusal::kBadTransferEncoding);
  EXPECT_EQ(check("PUT / HTTP/1.0", "Content-Length: 0\r\n"), Refusal::kNone);
  EXPECT_EQ(check("PUT / HTTP/1.0"), Refusal::kLengthRequired);
  EXPECT_EQ(check("PATCH / HTTP/1.0"), Refusal::kLengthRequired);
  EXPECT_EQ(check("DELETE / HTTP/1.0"), Refusal::kNone);
}

TEST_F(RequestRules, BodyLimit) {
  settings_.body_limit = 10;
  EXPECT_EQ(check("PUT / HTTP/1.1", "Content-Length: 10\r\n"), Refusal::kNone);
  EXPECT_EQ(check("PUT / HTTP/1.1", "Content-Length: 11\r\n"), Refusal::kBodyTooLong);
  settings_.body_limit = 0;
  EXPECT_EQ(check("PUT / HTTP/1.1", "Content-Length: 1152921504606846976\r\n"), Refusal::kNone);
  EXPECT_EQ(check("PUT / HTTP/1.1", "Content-Length: 1152921504606846977\r\n"),
            Refusal::kBodyTooLong);
  EXPECT_EQ(check("PUT / HTTP/1.1", "Content-Length: 18446744073709551615\r\n"),
            Refusal::kBodyTooLong);
  EXPECT_EQ(check("PUT / HTTP/1.1", "Content-Length: 18446744073709551616\r\n"),
            Refusal::kBadContentLength);
}

TEST_F(RequestRules, TargetForms) {
  ASSERT_EQ(check("GET /x?y HTTP/1.1"), Refusal::kNone);
  EXPECT_EQ(plan_.form, TargetForm::kOrigin);
  EXPECT_EQ(text(plan_.path), "/x?y");
  EXPECT_EQ(text(plan_.host), "a");
  ASSERT_EQ(check("GET HTTP://A:80/x HTTP/1.1"), Refusal::kNone);
  EXPECT_EQ(plan_.form, TargetForm::kAbsolute);
  EXPECT_EQ(text(plan_.authority), "A:80");
  EXPECT_EQ(text(plan_.host), "A");
  EXPECT_EQ(plan_.port, 80);
  EXPECT_EQ(text(plan_.path), "/x");
  EXPECT_FALSE(plan_.path_prefix_slash);
  ASSERT_EQ(check("GET http://a?q HTTP/1.1"), Refusal::kNone);
  EXPECT_TRUE(plan_.path_prefix_slash);
  EXPECT_EQ(text(plan_.path), "?q");
  ASSERT_EQ(check("OPTIONS http://a HTTP/1.1"), Refusal::kNone);
  EXPECT_TRUE(plan_.asterisk);
  EXPECT_EQ(check("GET http:///x HTTP/1.1"), Refusal::kBadTarget);
  EXPECT_EQ(check("GET http://a:0/ HTTP/1.1"), Refusal::kBadTarget);
  EXPECT_EQ(check("GET http://a:81/ HTTP/1.1"), Refusal::kHostMismatch);
  EXPECT_EQ(check("GET ftp://a/ HTTP/1.1"), Refusal::kBadTarget);
  EXPECT_EQ(check("GET http://a@a/ HTTP/1.1"), Refusal::kUserinfo);
  EXPECT_EQ(check("GET /@ HTTP/1.1"), Refusal::kNone);
  EXPECT_EQ(check("GET http://a/@ HTTP/1.1"), Refusal::kNone);
  EXPECT_EQ(check("GET https://a/ HTTP/1.1"), Refusal::kWrongScheme);
  EXPECT_EQ(check_raw("GET http://a/ HTTP/1.1\r\n\r\n"), Refusal::kNoHost);
  EXPECT_EQ(check_raw("GET http://a/ HTTP/1.0\r\n\r\n"), Refusal::kNone);
  EXPECT_EQ(check_raw("GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n"), Refusal::kBadHost);
}

TEST_F(RequestRules, ModesDifferInTargets) {
  settings_.mode = Mode::kForward;
  EXPECT_EQ(check("GET /x HTTP/1.1"), Refusal::kBadTarget);
  EXPECT_EQ(check("GET http://a/x HTTP/1.1"), Refusal::kNone);
  ASSERT_EQ(check("CONNECT a:443 HTTP/1.1"), Refusal::kNone);
  EXPECT_EQ(plan_.form, TargetForm::kAuthority);
  EXPECT_EQ(plan_.port, 443);
  EXPECT_EQ(text(plan_.host), "a");
  EXPECT_EQ(check("CONNECT b:443 HTTP/1.1"), Refusal::kHostMismatch);
  EXPECT_EQ(check("CONNECT a HTTP/1.1"), Refusal::kBadTarget);
  EXPECT_EQ(check("CONNECT http://a/ HTTP/1.1"), Refusal::kBadTarget);
  EXPECT_EQ(check("CONNECT a:443 HTTP/1.1", "Content-Length: 1\r\n"), Refusal::kContentNotAllowed);
  ASSERT_EQ(check("OPTIONS * HTTP/1.1"), Refusal::kNone);
  EXPECT_EQ(plan_.recipient, Recipient::kGatewayOptions);
  settings_.mode = Mode::kReverse;
  EXPECT_EQ(check("GET /x HTTP/1.1"), Refusal::kNone);
  EXPECT_EQ(check("CONNECT a:443 HTTP/1.1"), Refusal::kMethodNotAllowed);
}

TEST_F(RequestRules, LiteralHostIsTheDestination) {
  const auto with_host = [](const std::string& host) {
    return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  };
  EXPECT_EQ(check_raw(with_host("192.0.2.1")), Refusal::kNone);
  EXPECT_EQ(check_raw(with_host("192.0.2.1:8080")), Refusal::kNone);
  EXPECT_EQ(check_raw(with_host("[::ffff:192.0.2.1]")), Refusal::kNone);
  EXPECT_EQ(check_raw(with_host("192.0.2.2")), Refusal::kWrongDestination);
  EXPECT_EQ(check_raw(with_host("[2001:db8::1]")), Refusal::kWrongDestination);
  EXPECT_EQ(check_raw("GET http://192.0.2.2/ HTTP/1.0\r\n\r\n"), Refusal::kWrongDestination);
  settings_.mode = Mode::kReverse;
  EXPECT_EQ(check_raw(with_host("192.0.2.2")), Refusal::kNone);
  settings_.mode = Mode::kTransparent;
  destination_ = {};
  EXPECT_EQ(check_raw(with_host("192.0.2.2")), Refusal::kNone);
}

TEST_F(RequestRules, Persistence) {
  const auto keeps = [&](const std::string& line, const std::string& fields) {
    EXPECT_EQ(check(line, fields), Refusal::kNone);
    return plan_.facts.keep_alive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1", ""));
  EXPECT_TRUE(keeps("GET / HTTP/1.1", "Connection: , keep-alive ,,\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1", "Connection: keep-alive\r\nConnection: x, close\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0", ""));
  EXPECT_TRUE(keeps("GET / HTTP/1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0", "Proxy-Connection: keep-alive\r\n"));
  settings_.mode = Mode::kForward;
  EXPECT_FALSE(keeps("GET http://a/ HTTP/1.0", "Connection: keep-alive\r\n"));
}

TEST_F(RequestRules, ConnectionIsAListOfNamesThatMayGo) {
  for (const char* value :
       {"a b", "\"close\"", "close;q=1", "host", "Content-Length", "transfer-encoding", "x, Via"}) {
    EXPECT_EQ(check("GET / HTTP/1.1", std::string("Connection: ") + value + "\r\n"),
              Refusal::kBadConnection)
        << value;
  }
  std::string many;
  for (int i = 0; i < 64; ++i) many += "x,";
  EXPECT_EQ(check("GET / HTTP/1.1", "Connection: " + many + "\r\n"), Refusal::kNone);
  EXPECT_EQ(check("GET / HTTP/1.1", "Connection: " + many + "x\r\n"), Refusal::kBadConnection);
}

TEST_F(RequestRules, Expect) {
  ASSERT_EQ(check("PUT / HTTP/1.1", "Expect: 100-Continue\r\nContent-Length: 1\r\n"),
            Refusal::kNone);
  EXPECT_TRUE(plan_.facts.expect_continue);
  ASSERT_EQ(check("PUT / HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 0\r\n"),
            Refusal::kNone);
  EXPECT_FALSE(plan_.facts.expect_continue);
  ASSERT_EQ(check("PUT / HTTP/1.0", "Expect: foo\r\nContent-Length: 1\r\n"), Refusal::kNone);
  EXPECT_FALSE(plan_.facts.expect_continue);
  EXPECT_EQ(check("PUT / HTTP/1.1", "Expect: 100-continue, foo\r\nContent-Length: 1\r\n"),
            Refusal::kBadExpectation);
}

TEST_F(RequestRules, UpgradeIsForWebsocketOnly) {
  const auto offers = [&](const std::string& line, const std::string& fields) {
    EXPECT_EQ(check(line, fields), Refusal::kNone);
    return plan_.facts.websocket;
  };
  EXPECT_TRUE(offers("GET / HTTP/1.1", "Connection: upgrade\r\nUpgrade: h2c, WebSocket\r\n"));
  EXPECT_FALSE(offers("GET / HTTP/1.1", "Connection: upgrade\r\nUpgrade: websocket/13\r\n"));
  EXPECT_FALSE(offers("GET / HTTP/1.0", "Connection: upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_FALSE(offers("GET / HTTP/1.1", "Upgrade: websocket\r\n"));
  EXPECT_FALSE(offers("PUT / HTTP/1.1", "Connection: upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_FALSE(
      offers("POST / HTTP/1.1", "Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n"));
  EXPECT_EQ(check("GET / HTTP/1.1",
                  "Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n"),
            Refusal::kUpgradeWithContent);
}

TEST_F(RequestRules, MaxForwards) {
  ASSERT_EQ(check("TRACE / HTTP/1.1", "Max-Forwards: 010\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.max_forwards, 9);
  EXPECT_EQ(plan_.recipient, Recipient::kUpstream);
  ASSERT_EQ(check("OPTIONS / HTTP/1.1", "Max-Forwards: 0\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.recipient, Recipient::kGatewayOptions);
  ASSERT_EQ(check("GET / HTTP/1.1", "Max-Forwards: 0\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.recipient, Recipient::kUpstream);
  EXPECT_EQ(plan_.max_forwards, -1);
  for (const char* fields :
       {"Max-Forwards:\r\n", "Max-Forwards: -1\r\n", "Max-Forwards: 1, 2\r\n",
        "Max-Forwards: 1\r\nMax-Forwards: 1\r\n", "Max-Forwards: 0\r\nMax-Forwards: 5\r\n"}) {
    EXPECT_EQ(check("TRACE / HTTP/1.1", fields), Refusal::kBadMaxForwards) << fields;
  }
  ASSERT_EQ(check("OPTIONS / HTTP/1.1", "Max-Forwards: 99999999999999999999999\r\n"),
            Refusal::kNone);
  EXPECT_EQ(plan_.max_forwards, 2147483646);
}

TEST_F(RequestRules, ViaLoop) {
  settings_.via_pseudonym = "gw-1";
  for (const char* via : {"1.1 gw-1", "1.0 x, 1.1 gw-1 (c)", "HTTP/1.1 GW-1",
                          "1.1 a\r\nVia: 1.1 gw-1", "1.1\tgw-1(c)"}) {
    EXPECT_EQ(check("GET / HTTP/1.1", std::string("Via: ") + via + "\r\n"), Refusal::kLoop) << via;
  }
  for (const char* via : {"1.1 gw-12", "gw-1", "1.1 x (gw-1)", "1.1 xgw-1", ""}) {
    EXPECT_EQ(check("GET / HTTP/1.1", std::string("Via: ") + via + "\r\n"), Refusal::kNone) << via;
  }
}

TEST_F(RequestRules, Te) {
  ASSERT_EQ(check("GET / HTTP/1.1", "TE: gzip;q=0.5, Trailers\r\n"), Refusal::kNone);
  EXPECT_TRUE(plan_.facts.te_trailers);
  ASSERT_EQ(check("GET / HTTP/1.1", "TE: gzip\r\n"), Refusal::kNone);
  EXPECT_FALSE(plan_.facts.te_trailers);
  ASSERT_EQ(check("GET / HTTP/1.0", "TE: trailers\r\n"), Refusal::kNone);
  EXPECT_FALSE(plan_.facts.te_trailers);
}

TEST(Pipelining, RequestsAreTakenInOrder) {
  PlaySettings settings;
  const std::string octets =
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "\r\nPUT /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a\r\n\r\nGET\r\n";
  const RequestRecord record = play_requests({octets}, settings);
  ASSERT_EQ(record.forwarded.size(), 3u);
  EXPECT_TRUE(record.forwarded[2].starts_with("GET /3 "));
  EXPECT_EQ(record.answer, "400C");
  for (std::size_t cut = 0; cut < octets.size(); ++cut) {
    const std::string_view all = octets;
    EXPECT_EQ(play_requests({all.substr(0, cut), all.substr(cut)}, settings), record) << cut;
  }
}

}  // namespace
}  // namespace gatehouse::worker::http
