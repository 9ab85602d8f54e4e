// SPDX-License-Identifier: Apache-2.0
// Boost.Beast as a second opinion: it reads every message that leaves the gateway as the one
// message that was meant, and where it doesn't read what the gateway accepted there is a known
// reason.
#include <gtest/gtest.h>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <map>

#include "tests/worker_http/corpus.h"
#include "tests/worker_http/play.h"

namespace gatehouse::worker::http {
namespace {

namespace beast = boost::beast::http;

struct Reading {
  std::string error;  // empty: a whole message was read
  std::string method;
  std::string target;
  unsigned status = 0;
  std::string body;
  std::size_t fields = 0;
  std::size_t consumed = 0;
};

template <bool kRequest>
Reading read(std::string_view octets) {
  beast::parser<kRequest, beast::string_body> parser;
  parser.eager(true);
  parser.body_limit(boost::none);
  parser.header_limit(kMaxHead);
  boost::beast::error_code error;
  Reading reading;
  while (!error && reading.consumed < octets.size() && !parser.is_done()) {
    const std::string_view rest = octets.substr(reading.consumed);
    reading.consumed += parser.put(boost::asio::buffer(rest.data(), rest.size()), error);
  }
  if (!error) parser.put_eof(error);
  const auto& message = parser.get();
  reading.error = error ? error.message() : "";
  reading.body = message.body();
  reading.fields = static_cast<std::size_t>(std::distance(message.begin(), message.end()));
  if constexpr (kRequest) {
    reading.method = message.method_string();
    reading.target = message.target();
  } else {
    reading.status = message.result_int();
  }
  return reading;
}

// What we accept and Beast doesn't.
const std::map<std::string, std::string> kBeastRefuses = {
    {"RL06", "an empty line before the request line"},
    {"RL17", "a minor version above 1"},
    {"CH14", "a trailer field that belongs in the head; the gateway drops it"},
    {"RS05", "whitespace before a colon in a response"},
};

TEST(Beast, AgreesOnWhatIsAccepted) {
  const PlaySettings settings;
  for (const CorpusRow& row : read_corpus("requests")) {
    if (row.expected != "OK") continue;
    SCOPED_TRACE(row.id + " " + row.note);
    EXPECT_EQ(!read<true>(row.octets).error.empty(), kBeastRefuses.contains(row.id))
        << read<true>(row.octets).error;
  }
  for (const CorpusRow& row : read_corpus("responses")) {
    if (!row.expected.starts_with("OK")) continue;
    SCOPED_TRACE(row.id + " " + row.note);
    EXPECT_EQ(!read<false>(row.octets).error.empty(), kBeastRefuses.contains(row.id))
        << read<false>(row.octets).error;
  }
}

// One whole message, nothing left over.
TEST(Beast, ReadsWhatIsForwarded) {
  const PlaySettings settings;
  int messages = 0;
  for (const CorpusRow& row : read_corpus("requests")) {
    SCOPED_TRACE(row.id + " " + row.note);
    for (const std::string& message : play_requests({row.octets}, settings).forwarded) {
      const Reading reading = read<true>(message);
      EXPECT_EQ(reading.error, "");
      EXPECT_EQ(reading.consumed, message.size());
      EXPECT_TRUE(message.starts_with(reading.method + " " + reading.target + " HTTP/1.1\r\n"));
      EXPECT_TRUE(reading.body.empty() || reading.body == "hello");
      ++messages;
    }
  }
  EXPECT_EQ(messages, 19);  // 18 rows that pass, and HH07 since no pseudonym is set here
  for (const CorpusRow& row : read_corpus("responses")) {
    if (!row.expected.starts_with("OK")) continue;
    SCOPED_TRACE(row.id + " " + row.note);
    const std::string to_client = play_response({row.octets}, RequestFacts{}, settings).to_client;
    const Reading reading = read<false>(to_client);
    EXPECT_EQ(reading.error, "");
    EXPECT_EQ(reading.consumed, to_client.size());
    EXPECT_TRUE(reading.body.empty());
  }
}

}  // namespace
}  // namespace gatehouse::worker::http
