// SPDX-License-Identifier: Apache-2.0
// First octets as data: each row is tried whole and at every cut.
#include "worker/http/protocol_guess.h"

#include <gtest/gtest.h>

#include <string>

namespace gatehouse::worker::http {
namespace {

using namespace std::string_literals;

struct Row {
  const char* name;
  std::string octets;
  Guess guess;
};

const Row kRows[] = {
    {"request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", Guess::kHttp},
    {"request of HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", Guess::kHttp},
    {"unknown method", "FROBNICATE /x HTTP/1.1\r\n", Guess::kHttp},
    {"method in lower case", "get / HTTP/1.1\r\n", Guess::kHttp},
    {"absolute-form", "GET http://a.test/ HTTP/1.1\r\n", Guess::kHttp},
    {"CONNECT", "CONNECT a.test:443 HTTP/1.1\r\n", Guess::kHttp},
    {"OPTIONS", "OPTIONS * HTTP/1.1\r\n", Guess::kHttp},
    {"empty line before", "\r\nGET / HTTP/1.1\r\n", Guess::kHttp},
    {"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Guess::kHttp},
    {"other version", "GET / HTTP/3.7\r\n", Guess::kHttp},
    {"no version, as HTTP/0.9", "GET /\r\n", Guess::kHttp},
    {"no target", "GET\r\n", Guess::kHttp},
    {"LF ends the line", "GET / HTTP/1.1\n", Guess::kHttp},
    {"version in lower case", "GET / http/1.1\r\n", Guess::kHttp},
    {"space in the target", "GET /a b HTTP/1.1\r\n", Guess::kHttp},
    {"tab for space", "POST\t/ HTTP/1.1\r\n", Guess::kHttp},
    {"NUL after a method", "GET\0"s, Guess::kHttp},
    {"control octet in the target", "GET /\x01 HTTP/1.1\r\n", Guess::kHttp},
    {"another name for the version", "GET / FOO/1.0\r\n", Guess::kHttp},
    {"WebDAV", "PROPFIND /dav\r\n", Guess::kHttp},
    {"two spaces", "GET  HTTP/1.1\r\n", Guess::kHttp},
    {"target without end", "GET /" + std::string(9000, 'a'), Guess::kHttp},
    {"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, Guess::kOther},
    {"SSLv2 hello", "\x80\x2e\x01\x00\x02"s, Guess::kOther},
    {"SSH", "SSH-2.0-OpenSSH_9.2\r\n", Guess::kOther},
    {"SMTP", "EHLO client.test\r\n", Guess::kOther},
    {"SMTP, LF alone", "HELO client.test\n", Guess::kOther},
    {"IRC", "NICK somebody\r\nUSER a b c d\r\n", Guess::kOther},
    {"BitTorrent",
     "\x13"
     "BitTorrent protocol",
     Guess::kOther},
    {"RTSP", "DESCRIBE rtsp://a.test/s RTSP/1.0\r\n", Guess::kOther},
    {"RTSP with a method of HTTP", "OPTIONS rtsp://a.test/s RTSP/1.0\r\n", Guess::kOther},
    {"SIP", "OPTIONS sip:a@b.test SIP/2.0\r\n", Guess::kOther},
    {"ICAP", "OPTIONS icap://a.test/ ICAP/1.0\r\n", Guess::kOther},
    {"PROXY protocol", "PROXY TCP4 192.0.2.1 198.51.100.2 1234 80\r\n", Guess::kOther},
    {"PROXY protocol 2", "\r\n\r\n\0\r\nQUIT\n"s, Guess::kOther},
    {"Redis", "*1\r\n$4\r\nPING\r\n", Guess::kOther},
    {"AMQP", "AMQP\x00\x00\x09\x01"s, Guess::kOther},
    {"MQTT", "\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test"s, Guess::kOther},
    {"NUL", "\0"s, Guess::kOther},
    {"obs-text", "\xff\xff"s, Guess::kOther},
    {"space", " GET / HTTP/1.1\r\n", Guess::kOther},
    {"LF", "\n", Guess::kOther},
    {"CR alone", "\rGET", Guess::kOther},
    {"quote", "\"", Guess::kOther},
    {"long word", std::string(65, 'A'), Guess::kOther},
    {"two words and no version", "HELLO world again", Guess::kOther},
    {"nothing", "", Guess::kUndecided},
    {"CR", "\r", Guess::kUndecided},
    {"empty line", "\r\n", Guess::kUndecided},
    {"word", "SSH-2.0-OpenSSH_9.2", Guess::kUndecided},
    {"word and space", "EHLO ", Guess::kUndecided},
    {"two words", "EHLO client.test", Guess::kUndecided},
    {"beginning of a version", "FOO / HTT", Guess::kUndecided},
    {"beginning of another version", "OPTIONS / SI", Guess::kUndecided},
};

TEST(ProtocolGuess, EveryRowHasItsOutcomeAndKeepsIt) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(guess_protocol(row.octets), row.guess);
    Guess last = Guess::kUndecided;
    for (std::size_t n = 0; n <= row.octets.size(); ++n) {
      const Guess guess = guess_protocol(std::string_view(row.octets).substr(0, n));
      EXPECT_TRUE(last == Guess::kUndecided || guess == last) << n;
      last = guess;
    }
    EXPECT_EQ(last, row.guess);
  }
}

TEST(ProtocolGuess, WhatStopsShortIsHttpOnlyWithAKnownMethod) {
  for (const char* const octets :
       {"G", "GE", "GET", "GET ", "GET /", "POST / HT", "\r\nPROP", ""}) {
    EXPECT_TRUE(begins_like_http(octets)) << octets;
  }
  for (const char* const octets : {"SSH-2.0-x", "EHLO a", "GETX", "get", "HELP ", "FOO / HTT"}) {
    EXPECT_FALSE(begins_like_http(octets)) << octets;
  }
}

}  // namespace
}  // namespace gatehouse::worker::http
