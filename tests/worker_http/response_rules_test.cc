// SPDX-License-Identifier: Apache-2.0
#include "worker/http/response_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "worker/http/head_parser.h"

namespace gatehouse::worker::http {
namespace {

class ResponseRules : public testing::Test {
 protected:
  Refusal check(const std::string& line, const std::string& fields = "") {
    octets_ = "HTTP/1." + line + " X\r\n" + fields + "\r\n";
    parser_.reset();
    EXPECT_EQ(parser_.parse(octets_), ParseStatus::kComplete) << octets_;
    return check_response(parser_.head(), request_, interim_seen_, 16, plan_);
  }

  HeadParser parser_{MessageKind::kResponse};
  RequestFacts request_;
  ResponsePlan plan_;
  std::string octets_;
  std::uint32_t interim_seen_ = 0;
};

TEST_F(ResponseRules, Framing) {
  ASSERT_EQ(check("1 200", "Content-Length: 7\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.framing, Framing::kLength);
  EXPECT_EQ(plan_.declared, Framing::kLength);
  EXPECT_EQ(plan_.content_length, 7u);
  EXPECT_TRUE(plan_.upstream_keep && plan_.client_keep);
  ASSERT_EQ(check("1 200", "Transfer-Encoding: chunked\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.framing, Framing::kChunked);
  EXPECT_EQ(plan_.client_framing, Framing::kChunked);
  ASSERT_EQ(check("1 200"), Refusal::kNone);
  EXPECT_EQ(plan_.framing, Framing::kUntilClose);
  EXPECT_EQ(plan_.declared, Framing::kNone);
  EXPECT_FALSE(plan_.upstream_keep || plan_.client_keep);
}

TEST_F(ResponseRules, RepeatedEqualLengthsCountAsOne) {
  ASSERT_EQ(check("1 200", "Content-Length: 7, 07\r\nContent-Length: 7\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.content_length, 7u);
  EXPECT_EQ(check("1 200", "Content-Length: 7, 8\r\n"), Refusal::kManyContentLengths);
  EXPECT_EQ(check("1 200", "Content-Length: 7,\r\n"), Refusal::kBadContentLength);
  EXPECT_EQ(check("1 200", "Content-Length:\r\n"), Refusal::kBadContentLength);
  EXPECT_EQ(check("1 200", "Content-Length: 18446744073709551615\r\n"), Refusal::kBodyTooLong);
}

TEST_F(ResponseRules, OldClientsGetNoChunks) {
  request_.client_minor = 0;
  ASSERT_EQ(check("1 200", "Transfer-Encoding: chunked\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.framing, Framing::kChunked);
  EXPECT_EQ(plan_.client_framing, Framing::kUntilClose);
  EXPECT_EQ(plan_.declared, Framing::kNone);
  EXPECT_TRUE(plan_.upstream_keep);
  EXPECT_FALSE(plan_.client_keep);
}

TEST_F(ResponseRules, SomeResponsesHaveNoBody) {
  request_.method = Method::kHead;
  ASSERT_EQ(check("1 200", "Content-Length: 7\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.framing, Framing::kNone);
  EXPECT_EQ(plan_.declared, Framing::kLength);
  EXPECT_TRUE(plan_.upstream_keep && plan_.client_keep);
  ASSERT_EQ(check("1 200", "Transfer-Encoding: chunked\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.declared, Framing::kChunked);
  ASSERT_EQ(check("1 200"), Refusal::kNone);
  EXPECT_EQ(plan_.framing, Framing::kNone);
  EXPECT_TRUE(plan_.upstream_keep);
  request_.method = Method::kGet;
  ASSERT_EQ(check("1 304", "Content-Length: 7\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.framing, Framing::kNone);
  EXPECT_EQ(plan_.declared, Framing::kLength);
  EXPECT_TRUE(plan_.upstream_keep);
  ASSERT_EQ(check("1 204", "Content-Length: 0\r\n"), Refusal::kNone);
  EXPECT_EQ(plan_.declared, Framing::kNone);
  EXPECT_TRUE(plan_.upstream_keep);
  ASSERT_EQ(check("1 204", "Content-Length: 1\r\n"), Refusal::kNone);
  EXPECT_FALSE(plan_.upstream_keep);
}

TEST_F(ResponseRules, Persistence) {
  const std::string length = "Content-Length: 0\r\n";
  ASSERT_EQ(check("1 200", length + "Connection: close\r\n"), Refusal::kNone);
  EXPECT_FALSE(plan_.upstream_keep);
  EXPECT_TRUE(plan_.client_keep);
  ASSERT_EQ(check("0 200", length), Refusal::kNone);
  EXPECT_FALSE(plan_.upstream_keep);
  ASSERT_EQ(check("0 200", length + "Connection: keep-alive\r\n"), Refusal::kNone);
  EXPECT_TRUE(plan_.upstream_keep);
  request_.keep_alive = false;
  ASSERT_EQ(check("1 200", length), Refusal::kNone);
  EXPECT_TRUE(plan_.upstream_keep);
  EXPECT_FALSE(plan_.client_keep);
}

TEST_F(ResponseRules, InterimResponses) {
  ASSERT_EQ(check("1 103", "Content-Length: 9\r\n"), Refusal::kNone);
  EXPECT_TRUE(plan_.interim && plan_.forward);
  EXPECT_EQ(plan_.framing, Framing::kNone);
  EXPECT_EQ(plan_.declared, Framing::kNone);
  request_.client_minor = 0;
  ASSERT_EQ(check("1 100"), Refusal::kNone);
  EXPECT_TRUE(plan_.interim);
  EXPECT_FALSE(plan_.forward);
  interim_seen_ = 15;
  EXPECT_EQ(check("1 100"), Refusal::kNone);
  interim_seen_ = 16;
  EXPECT_EQ(check("1 100"), Refusal::kInterimFlood);
  EXPECT_EQ(check("1 200"), Refusal::kNone);
}

TEST_F(ResponseRules, SwitchOnlyToWhatWasAsked) {
  const std::string agreed = "Connection: Upgrade\r\nUpgrade: WebSocket\r\n";
  EXPECT_EQ(check("1 101", agreed), Refusal::kUnaskedSwitch);
  request_.websocket = true;
  ASSERT_EQ(check("1 101", agreed), Refusal::kNone);
  EXPECT_TRUE(plan_.tunnel);
  EXPECT_FALSE(plan_.upstream_keep || plan_.client_keep);
  EXPECT_EQ(check("0 101", agreed), Refusal::kUnaskedSwitch);
  EXPECT_EQ(check("1 101", "Upgrade: websocket\r\n"), Refusal::kUnaskedSwitch);
  EXPECT_EQ(check("1 101", "Connection: upgrade\r\nUpgrade: h2c\r\n"), Refusal::kUnaskedSwitch);
  EXPECT_EQ(check("1 101", "Connection: upgrade\r\n"), Refusal::kUnaskedSwitch);
  // Declined: an ordinary response.
  ASSERT_EQ(check("1 403", "Content-Length: 2\r\n"), Refusal::kNone);
  EXPECT_FALSE(plan_.tunnel);
  EXPECT_EQ(plan_.framing, Framing::kLength);
}

TEST_F(ResponseRules, ConnectMakesATunnel) {
  request_.method = Method::kConnect;
  ASSERT_EQ(check("1 200", "Content-Length: 5\r\n"), Refusal::kNone);
  EXPECT_TRUE(plan_.tunnel);
  EXPECT_EQ(plan_.framing, Framing::kNone);
  EXPECT_EQ(plan_.declared, Framing::kNone);
  ASSERT_EQ(check("1 407", "Content-Length: 5\r\n"), Refusal::kNone);
  EXPECT_FALSE(plan_.tunnel);
  EXPECT_EQ(plan_.framing, Framing::kLength);
}

TEST_F(ResponseRules, FramingFaults) {
  EXPECT_EQ(check("1 200", "Content-Length : 5\r\n"), Refusal::kSpaceBeforeColon);
  EXPECT_EQ(check("1 200", "Transfer-Encoding : chunked\r\n"), Refusal::kSpaceBeforeColon);
  EXPECT_EQ(check("1 200", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            Refusal::kFramingConflict);
  EXPECT_EQ(check("0 200", "Transfer-Encoding: chunked\r\n"), Refusal::kTransferEncodingVersion);
  EXPECT_EQ(check("1 200", "Transfer-Encoding: gzip, chunked\r\n"), Refusal::kCodingNotUnderstood);
  // Also where there is no body to frame.
  EXPECT_EQ(check("1 204", "Content-Length: x\r\n"), Refusal::kBadContentLength);
  EXPECT_EQ(check("1 100", "Transfer-Encoding: x\r\n"), Refusal::kBadTransferEncoding);
}

// Real servers do this; the framing fields alone decide.
TEST_F(ResponseRules, ConnectionMayNameFraming) {
  ASSERT_EQ(check("1 200",
                  "Connection: keep-alive, Transfer-Encoding\r\n"
                  "Transfer-Encoding: chunked\r\n"),
            Refusal::kNone);
  EXPECT_EQ(plan_.framing, Framing::kChunked);
  EXPECT_TRUE(plan_.upstream_keep);
}

}  // namespace
}  // namespace gatehouse::worker::http
