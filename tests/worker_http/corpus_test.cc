// SPDX-License-Identifier: Apache-2.0
// Every row of the corpus gives what it lists, however its octets are cut.
#include "tests/worker_http/corpus.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/worker_http/play.h"

namespace gatehouse::worker::http {
namespace {

PlaySettings settings(Mode mode = Mode::kTransparent) {
  PlaySettings settings;
  settings.request.mode = mode;
  settings.request.via_pseudonym = "SELF";
  settings.destination = {{AF_INET, {192, 0, 2, 1}}, 80};
  return settings;
}

// What the upstream gets of the rows that pass.
const std::map<std::string, std::string> kForwarded = {
    {"RL06", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"RL17", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"RL27", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"RL30", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"HO11", "GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"},
    {"HF14", "GET / HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n"},
    {"FR18", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"FR31", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
    {"FR35", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
    {"CH08",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    {"CH14",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    {"CH20",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    {"HH01", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"HH04", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"HH05", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"HH10", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
    {"HH11", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"HH12", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
};

std::string outcome(const RequestRecord& record) {
  return record.answer.empty() ? "OK" : record.answer;
}

TEST(Corpus, HasAllItsRows) {
  EXPECT_EQ(read_corpus("requests").size(), 138u);
  EXPECT_EQ(read_corpus("responses").size(), 24u);
}

TEST(Corpus, RequestsAreDecidedAsListed) {
  const PlaySettings play = settings();
  for (const CorpusRow& row : read_corpus("requests")) {
    SCOPED_TRACE(row.id + " " + row.note);
    const RequestRecord record = play_requests({row.octets}, play);
    EXPECT_EQ(outcome(record), row.expected) << refusal_text(record.refusal).word;
    if (row.expected == "OK") {
      ASSERT_TRUE(kForwarded.contains(row.id));
      EXPECT_EQ(record.forwarded, std::vector{kForwarded.at(row.id)});
    } else {
      EXPECT_TRUE(record.forwarded.empty());
    }
  }
}

TEST(Corpus, ReverseModeDecidesAlike) {
  const PlaySettings play = settings(Mode::kReverse);
  for (const CorpusRow& row : read_corpus("requests")) {
    SCOPED_TRACE(row.id + " " + row.note);
    EXPECT_EQ(outcome(play_requests({row.octets}, play)), row.expected);
  }
}

// In forward mode targets differ; everything else is decided before they are, or alike.
TEST(Corpus, ForwardModeDecidesAlikeWithAbsoluteTargets) {
  const PlaySettings play = settings(Mode::kForward);
  const std::map<std::string, std::string> differs = {
      {"RL27", "200"},  // OPTIONS * asks about the proxy itself
      {"RL28", "OK"},   // CONNECT is what the mode is for
      {"HO11", "OK"},
  };
  for (const CorpusRow& row : read_corpus("requests")) {
    SCOPED_TRACE(row.id + " " + row.note);
    std::string octets = row.octets;
    const std::size_t target = octets.find(" / HTTP/1");
    if (target != std::string::npos) octets.replace(target, 3, " http://a/ ");
    const auto found = differs.find(row.id);
    const std::string expected = found == differs.end() ? row.expected : found->second;
    EXPECT_EQ(outcome(play_requests({octets}, play)), expected);
  }
}

TEST(Corpus, ResponsesAreDecidedAsListed) {
  const PlaySettings play = settings();
  for (const CorpusRow& row : read_corpus("responses")) {
    SCOPED_TRACE(row.id + " " + row.note);
    const ResponseRecord record = play_response({row.octets}, RequestFacts{}, play);
    EXPECT_EQ(record.outcome, row.expected) << refusal_text(record.refusal).word;
    EXPECT_EQ(record.to_client.find("X-S"), std::string::npos);
    EXPECT_EQ(record.to_client.find("EVIL"), std::string::npos);
  }
}

// All cuts into two pieces; for short rows also octet by octet.
template <class Play>
void expect_split_invariance(const CorpusRow& row, const Play& play) {
  SCOPED_TRACE(row.id + " " + row.note);
  const std::string_view all = row.octets;
  const auto whole = play(Pieces{all});
  for (std::size_t cut = 0; cut <= all.size(); cut += all.size() > 4000 ? 61 : 1) {
    ASSERT_EQ(play(Pieces{all.substr(0, cut), all.substr(cut)}), whole) << "cut at " << cut;
  }
  if (all.size() > 4000) return;
  Pieces octets;
  for (std::size_t i = 0; i < all.size(); ++i) octets.push_back(all.substr(i, 1));
  EXPECT_EQ(play(octets), whole) << "octet by octet";
}

TEST(Corpus, RequestsDoNotDependOnCuts) {
  const PlaySettings play = settings();
  for (const CorpusRow& row : read_corpus("requests")) {
    expect_split_invariance(row, [&](const Pieces& pieces) { return play_requests(pieces, play); });
  }
}

TEST(Corpus, ResponsesDoNotDependOnCuts) {
  const PlaySettings play = settings();
  for (const CorpusRow& row : read_corpus("responses")) {
    expect_split_invariance(
        row, [&](const Pieces& pieces) { return play_response(pieces, RequestFacts{}, play); });
  }
}

}  // namespace
}  // namespace gatehouse::worker::http
