// SPDX-License-Identifier: Apache-2.0
#include "worker/http/head_parser.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cstring>
#include <string>

namespace gatehouse::worker::http {
namespace {

Refusal refusal_of(const std::string& octets, MessageKind kind = MessageKind::kRequest,
                   const HeadLimits& limits = {}) {
  HeadParser parser(kind, limits);
  return parser.parse(octets) == ParseStatus::kRefused ? parser.refusal() : Refusal::kNone;
}

Refusal response_refusal(const std::string& octets) {
  return refusal_of(octets, MessageKind::kResponse);
}

TEST(HeadParser, ReadsRequest) {
  HeadParser parser(MessageKind::kRequest);
  const std::string octets =
      "PATCH /a?b HTTP/1.0\r\nHost:a\r\nX-Y:  v w\t \r\nCookie: c\r\n\r\nrest";
  ASSERT_EQ(parser.parse(octets), ParseStatus::kComplete);
  const Head& head = parser.head();
  EXPECT_EQ(head.size, octets.size() - 4);
  EXPECT_EQ(head.method, Method::kPatch);
  EXPECT_EQ(head.text(head.method_text), "PATCH");
  EXPECT_EQ(head.text(head.target), "/a?b");
  EXPECT_EQ(head.minor, 0);
  ASSERT_EQ(head.field_count, 3);
  EXPECT_EQ(head.name(head.fields()[1]), "X-Y");
  EXPECT_EQ(head.value(head.fields()[1]), "v w");
  EXPECT_FALSE(head.fields()[0].canonical);
  EXPECT_FALSE(head.fields()[1].canonical);
  EXPECT_TRUE(head.fields()[2].canonical);
  EXPECT_EQ(head.fields()[0].id, FieldId::kHost);
  EXPECT_EQ(head.find(FieldId::kCookie), "c");
  EXPECT_FALSE(head.has(FieldId::kVia));
}

TEST(HeadParser, ReadsResponse) {
  HeadParser parser(MessageKind::kResponse);
  const std::string octets = "HTTP/1.1 404 Not \xe9 Found\r\nContent-Length: 0\r\n\r\n";
  ASSERT_EQ(parser.parse(octets), ParseStatus::kComplete);
  EXPECT_EQ(parser.head().status, 404);
  EXPECT_EQ(parser.head().text(parser.head().reason), "Not \xe9 Found");
  // The reason phrase may be missing, and the space before it.
  EXPECT_EQ(response_refusal("HTTP/1.1 200 \r\n\r\n"), Refusal::kNone);
  EXPECT_EQ(response_refusal("HTTP/1.1 200\r\n\r\n"), Refusal::kNone);
}

TEST(HeadParser, FollowsItsOctetsWhenTheyMove) {
  HeadParser parser(MessageKind::kRequest);
  std::string first = "GET / HTTP/1.1\r\nHost: a\r\nAcc";
  ASSERT_EQ(parser.parse(first), ParseStatus::kIncomplete);
  std::string second = first + "ept: b\r\n\r\n";
  first.assign(first.size(), '!');
  ASSERT_EQ(parser.parse(second), ParseStatus::kComplete);
  EXPECT_EQ(parser.head().find(FieldId::kAccept), "b");
  const std::string third = second;
  second.assign(second.size(), '!');
  parser.head().rebase(third.data());
  EXPECT_EQ(parser.head().find(FieldId::kHost), "a");
}

TEST(HeadParser, IsReadyForTheNextMessageAfterReset) {
  HeadParser parser(MessageKind::kRequest);
  ASSERT_EQ(parser.parse("BAD\x01"), ParseStatus::kRefused);
  parser.reset();
  EXPECT_TRUE(parser.untouched());
  ASSERT_EQ(parser.parse("GET / HTTP/1.1\r\n\r\n"), ParseStatus::kComplete);
  EXPECT_FALSE(parser.untouched());
  parser.reset();
  ASSERT_EQ(parser.parse("\r\n"), ParseStatus::kIncomplete);
  EXPECT_TRUE(parser.untouched());
}

// The first wrong octet decides, not the end of the line.
TEST(HeadParser, RefusesEarly) {
  EXPECT_EQ(refusal_of("\x16"), Refusal::kNotHttp);
  EXPECT_EQ(refusal_of(std::string(1, '\0')), Refusal::kNotHttp);
  EXPECT_EQ(refusal_of("SSH-2.0-OpenSSH\r"), Refusal::kNotHttp);
  EXPECT_EQ(refusal_of("\n"), Refusal::kBadLineEnd);
  EXPECT_EQ(refusal_of("\r\n\r"), Refusal::kEmptyLines);
  EXPECT_EQ(refusal_of("GET / X"), Refusal::kBadVersion);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\n"), Refusal::kBadLineEnd);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\rX"), Refusal::kBadLineEnd);
  EXPECT_EQ(response_refusal("HTTP/1.1 200 OK\rX"), Refusal::kBadLineEnd);
  EXPECT_EQ(refusal_of("GET /\x80"), Refusal::kBadTarget);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\rX"), Refusal::kBadLineEnd);
  EXPECT_EQ(response_refusal("HTTP/1.1 200 OK\rX"), Refusal::kBadLineEnd);
  EXPECT_EQ(refusal_of("GET / HTTP/2.0\r\n"), Refusal::kVersionNotSupported);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n "), Refusal::kFolding);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nX\t"), Refusal::kSpaceBeforeColon);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nX: \x02"), Refusal::kBadFieldValue);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nX: a\rb"), Refusal::kBadLineEnd);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n\rX"), Refusal::kBadLineEnd);
  EXPECT_EQ(response_refusal("ICY"), Refusal::kBadStatusLine);
  EXPECT_EQ(response_refusal("HTTP/1.1 0"), Refusal::kBadStatusLine);
  EXPECT_EQ(response_refusal("HTTP/1.1 2000"), Refusal::kBadStatusLine);
  EXPECT_EQ(response_refusal("\r\nHTTP/1.1 200 OK\r\n\r\n"), Refusal::kBadStatusLine);
}

TEST(HeadParser, EveryOctetOutsideItsClassIsRefused) {
  for (int i = 0; i < 256; ++i) {
    SCOPED_TRACE(i);
    const char c = static_cast<char>(i);
    const bool control = i < 0x20 || i == 0x7f;
    // In places that a 16-octet step covers and in places that the single steps do.
    for (const std::size_t pad : {0u, 3u, 15u, 16u, 40u}) {
      const std::string before(pad, 'a');
      const std::string after(pad, 'b');
      const bool value_good = !control || c == '\t';
      EXPECT_EQ(
          refusal_of("GET / HTTP/1.1\r\nX: " + before + c + after + "\r\n\r\n") == Refusal::kNone,
          value_good);
      const bool target_good = i > 0x20 && i < 0x7f && c != '#';
      EXPECT_EQ(refusal_of("GET /" + before + c + after + " HTTP/1.1\r\n\r\n") == Refusal::kNone,
                target_good);
      const bool token = std::isalnum(i) || (i != 0 && std::strchr("!#$%&'*+-.^_`|~", i));
      EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n" + before + "n" + c + after + ": x\r\n\r\n") ==
                    Refusal::kNone,
                token || c == ':');
    }
  }
}

TEST(HeadParser, LimitsAreExact) {
  const HeadLimits limits{.method = 4, .start_line = 20, .field_line = 12, .head = 60, .fields = 2};
  const auto check = [&](const std::string& octets) {
    return refusal_of(octets, MessageKind::kRequest, limits);
  };
  EXPECT_EQ(check("POST / HTTP/1.1\r\n\r\n"), Refusal::kNone);
  EXPECT_EQ(check("PATCH"), Refusal::kMethodTooLong);
  EXPECT_EQ(check("GET /567 HTTP/1.1\r\n\r\n"), Refusal::kNone);     // 17
  EXPECT_EQ(check("GET /567890 HTTP/1.1\r\n\r\n"), Refusal::kNone);  // 20
  EXPECT_EQ(check("GET /5678901 HTTP/1.1\r\n"), Refusal::kStartLineTooLong);
  EXPECT_EQ(check("GET / HTTP/1.1\r\nabcd: 789012\r\n\r\n"), Refusal::kNone);
  EXPECT_EQ(check("GET / HTTP/1.1\r\nabcd: 7890123"), Refusal::kFieldTooLong);
  EXPECT_EQ(check("GET / HTTP/1.1\r\nabcdefghijklm"), Refusal::kFieldTooLong);
  EXPECT_EQ(check("GET / HTTP/1.1\r\na:\r\nb:\r\n\r\n"), Refusal::kNone);
  EXPECT_EQ(check("GET / HTTP/1.1\r\na:\r\nb:\r\nc"), Refusal::kTooManyFields);
  const std::string full = "GET /567890 HTTP/1.1\r\na: 456789012\r\nb: 456789012\r\n\r\n";
  ASSERT_EQ(full.size(), 52u);
  const auto head_limit = [&](std::uint32_t size) {
    return refusal_of(full, MessageKind::kRequest, {.head = size});
  };
  EXPECT_EQ(head_limit(52), Refusal::kNone);
  EXPECT_EQ(head_limit(51), Refusal::kHeadTooLong);
}

TEST(HeadParser, DefaultLimitsHold) {
  const std::string line = "GET /" + std::string(8000 - 14, 'a') + " HTTP/1.1\r\n\r\n";
  EXPECT_EQ(refusal_of(line), Refusal::kNone);
  std::string fields = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 100; ++i) fields += "a: b\r\n";
  EXPECT_EQ(refusal_of(fields + "\r\n"), Refusal::kNone);
  EXPECT_EQ(refusal_of(fields + "a: b\r\n\r\n"), Refusal::kTooManyFields);
  // Limits above what the types hold are cut down to it.
  HeadLimits wild{.field_line = 1u << 30, .head = 1u << 30, .fields = 1u << 30};
  EXPECT_EQ(
      refusal_of("GET / HTTP/1.1\r\na: " + std::string(70000, 'a'), MessageKind::kRequest, wild),
      Refusal::kHeadTooLong);
  for (int i = 0; i < 100; ++i) fields += "a: b\r\n";
  EXPECT_EQ(refusal_of(fields, MessageKind::kRequest, wild), Refusal::kTooManyFields);
}

TEST(HeadParser, ResponsesMayFillTheHeadWithOneField) {
  const std::string octets = "HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'a') + "\r\n\r\n";
  HeadParser parser(MessageKind::kResponse, response_limits({}));
  EXPECT_EQ(parser.parse(octets), ParseStatus::kComplete);
}

TEST(HeadParser, MarksSpaceBeforeColonInResponses) {
  HeadParser parser(MessageKind::kResponse);
  ASSERT_EQ(parser.parse("HTTP/1.1 200 OK\r\nX \t: a\r\nY: b\r\n\r\n"), ParseStatus::kComplete);
  EXPECT_TRUE(parser.head().fields()[0].space_before_colon);
  EXPECT_FALSE(parser.head().fields()[0].canonical);
  EXPECT_EQ(parser.head().name(parser.head().fields()[0]), "X");
  EXPECT_FALSE(parser.head().fields()[1].space_before_colon);
}

TEST(FieldId, KnowsItsNamesAndNoOthers) {
  EXPECT_EQ(field_id("Content-Length"), FieldId::kContentLength);
  EXPECT_EQ(field_id("cOnTeNt-LeNgTh"), FieldId::kContentLength);
  EXPECT_EQ(field_id("content_length"), FieldId::kUnderscoreFraming);
  EXPECT_EQ(field_id("Transfer_Encoding"), FieldId::kUnderscoreFraming);
  EXPECT_EQ(field_id("TRANSFER-ENCODING"), FieldId::kTransferEncoding);
  EXPECT_EQ(field_id("te"), FieldId::kTe);
  EXPECT_EQ(field_id("VIA"), FieldId::kVia);
  EXPECT_EQ(field_id("Keep-Alive"), FieldId::kKeepAlive);
  EXPECT_EQ(field_id("HTTP2-Settings"), FieldId::kHttp2Settings);
  EXPECT_EQ(field_id("Proxy-Authentication-Info"), FieldId::kProxyAuthenticationInfo);
  for (const char* other : {"", "x", "hos", "hosts", "content-lengtg", "content.length", "hosu",
                            "proxy-connectiom", "max-forwardz", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}) {
    EXPECT_EQ(field_id(other), FieldId::kOther) << other;
  }
}

}  // namespace
}  // namespace gatehouse::worker::http
