// SPDX-License-Identifier: Apache-2.0
#include "worker/http/error_page.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "worker/http/head_parser.h"

namespace gatehouse::worker::http {
namespace {

std::string write(const ErrorPage& page) {
  std::array<char, kErrorPageBound> out;
  EXPECT_EQ(write_error_page(page, {out.data(), out.size() - 1}), 0u);
  return {out.data(), write_error_page(page, out)};
}

TEST(ErrorPage, FormatFollowsAccept) {
  EXPECT_EQ(page_format(""), PageFormat::kText);
  EXPECT_EQ(page_format("*/*"), PageFormat::kText);
  EXPECT_EQ(page_format("text/html,application/xhtml+xml,*/*;q=0.8"), PageFormat::kHtml);
  EXPECT_EQ(page_format("Application/JSON"), PageFormat::kJson);
  EXPECT_EQ(page_format("text/html;q=0.5, application/json;q=0.9"), PageFormat::kJson);
  EXPECT_EQ(page_format("application/json;q=0.5, text/html"), PageFormat::kHtml);
  EXPECT_EQ(page_format("text/html;q=0"), PageFormat::kText);
  EXPECT_EQ(page_format("text/html;q=x,,;"), PageFormat::kText);
}

TEST(ErrorPage, IsACompleteResponse) {
  EXPECT_EQ(write({.refusal = Refusal::kBadHost}),
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 97\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
            "400 Bad Request\nThe Host header field is not a host with an optional port. "
            "(gatehouse: bad-host)\n");
  EXPECT_EQ(write({.refusal = Refusal::kBadHost,
                   .kind = MessageKind::kResponse,
                   .format = PageFormat::kJson,
                   .close = false,
                   .client_http10 = true})
                .substr(0, 26),
            "HTTP/1.1 502 Bad Gateway\r\n");
  EXPECT_NE(write({.refusal = Refusal::kMethodNotAllowed}).find("\r\nAllow: "), std::string::npos);
}

// Every refusal in every format: parses as a response with the length it declares.
TEST(ErrorPage, EveryPageParses) {
  std::set<std::string_view> words;
  for (int i = 1; i < static_cast<int>(Refusal::kCount); ++i) {
    const auto refusal = static_cast<Refusal>(i);
    const RefusalText& text = refusal_text(refusal);
    EXPECT_TRUE(words.insert(text.word).second) << text.word;
    EXPECT_LE(text.word.size(), 32u);
    EXPECT_EQ(text.word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string::npos);
    EXPECT_EQ(text.sentence.find_first_of("<>&\"'\\\r\n"), std::string::npos);
    EXPECT_TRUE(text.sentence.ends_with('.'));
    EXPECT_NE(status_phrase(text.status), "Error") << text.status;
    for (const PageFormat format : {PageFormat::kHtml, PageFormat::kJson, PageFormat::kText}) {
      for (const MessageKind kind : {MessageKind::kRequest, MessageKind::kResponse}) {
        ErrorPage page{.refusal = refusal, .kind = kind, .format = format};
        const std::string octets = write(page);
        HeadParser parser(MessageKind::kResponse);
        ASSERT_EQ(parser.parse(octets), ParseStatus::kComplete);
        EXPECT_EQ(parser.head().status, refusal_status(refusal, kind));
        const std::string body = octets.substr(parser.head().size);
        EXPECT_EQ(parser.head().find(FieldId::kContentLength), std::to_string(body.size()));
        EXPECT_NE(body.find(text.sentence), std::string::npos);
        page.head_request = true;
        EXPECT_EQ(write(page) + body, octets);
      }
    }
  }
}

TEST(ErrorPage, ReferenceIsOnEveryPage) {
  for (const PageFormat format : {PageFormat::kHtml, PageFormat::kJson, PageFormat::kText}) {
    const std::string octets =
        write({.refusal = Refusal::kBadHost, .format = format, .reference = "k3v9d0t2xq"});
    EXPECT_NE(octets.find("k3v9d0t2xq"), std::string::npos) << octets;
  }
  EXPECT_TRUE(
      write({.refusal = Refusal::kBadHost, .format = PageFormat::kJson, .reference = "k3v9d0t2xq"})
          .ends_with(".\",\"reference\":\"k3v9d0t2xq\"}\n"));
}

std::string write(const ErrorPage& page, std::size_t room) {
  std::string out(room, '\0');
  out.resize(write_error_page(page, out));
  return out;
}

TEST(ErrorPage, TemplateReplacesTheHtmlAndNothingElse) {
  const ErrorTemplate html("<p title='{{reason}}'>{{status}}: {{sentence}} ({{reference}})</p>");
  ErrorPage page{.refusal = Refusal::kBadStatusLine,
                 .kind = MessageKind::kResponse,
                 .format = PageFormat::kHtml,
                 .reference = "k3v9d0t2xq",
                 .html = &html};
  const std::string expected =
      "<p title='Bad Gateway'>502: The server&#39;s answer could not be used. The status line is "
      "malformed. (k3v9d0t2xq)</p>";
  const std::string octets = write(page, 65536);
  EXPECT_EQ(octets,
            "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html; charset=utf-8\r\n"
            "Content-Length: " +
                std::to_string(expected.size()) +
                "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n" + expected);
  page.head_request = true;
  EXPECT_EQ(write(page, 65536) + expected, octets);
  page.head_request = false;
  for (const PageFormat format : {PageFormat::kJson, PageFormat::kText}) {
    page.format = format;
    EXPECT_EQ(write(page, 65536).find("<p title"), std::string::npos);
  }
}

// A template that repeats its placeholders can't make a page without bound.
TEST(ErrorPage, TemplateThatDoesNotFitGivesWay) {
  std::string text;
  for (std::size_t i = 0; i < 1000; ++i) text += "{{sentence}}";
  const ErrorTemplate large(text);
  ErrorPage page{.refusal = Refusal::kBadConnection, .format = PageFormat::kHtml, .html = &large};
  EXPECT_NE(write(page, 256 * 1024).find("<h1>Bad Request</h1>"), std::string::npos);
  const ErrorTemplate small("{{sentence}}");
  page.html = &small;
  EXPECT_NE(write(page, kErrorPageBound).find("<h1>Bad Request</h1>"), std::string::npos);
  EXPECT_EQ(write(page, 2 * kErrorPageBound).find("<h1>"), std::string::npos);
}

TEST(ErrorPage, FaultsOfResponsesAre502) {
  EXPECT_EQ(refusal_status(Refusal::kHeadTooLong, MessageKind::kRequest), 431);
  EXPECT_EQ(refusal_status(Refusal::kHeadTooLong, MessageKind::kResponse), 502);
  EXPECT_EQ(refusal_status(Refusal::kResponseTimeout, MessageKind::kResponse), 504);
}

TEST(GatewayAnswer, TraceShowsTheRequestWithoutSecrets) {
  const std::string octets =
      "TRACE /x HTTP/1.1\r\nHost:a\r\nCookie: c\r\nAuthorization: b\r\nMax-Forwards: 0\r\n\r\n";
  HeadParser parser(MessageKind::kRequest);
  ASSERT_EQ(parser.parse(octets), ParseStatus::kComplete);
  RequestPlan plan;
  ASSERT_EQ(check_request(parser.head(), {}, {}, plan), Refusal::kNone);
  std::string out(octets.size() + 4 + kErrorPageBound, '\0');
  EXPECT_EQ(write_gateway_answer(parser.head(), plan, false, {out.data(), out.size() - 1}), 0u);
  out.resize(write_gateway_answer(parser.head(), plan, false, out));
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nContent-Type: message/http\r\nContent-Length: 47\r\n\r\n"
            "TRACE /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");
  plan.recipient = Recipient::kGatewayOptions;
  out.resize(octets.size() + 4 + kErrorPageBound);
  out.resize(write_gateway_answer(parser.head(), plan, true, out));
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

}  // namespace
}  // namespace gatehouse::worker::http
