// SPDX-License-Identifier: Apache-2.0
// The readers of access logs: what each format tells, what is junk, and whatever else may come.
#include <gtest/gtest.h>

#include <random>

#include "cli/logs/sight.h"
#include "cli/logs/values.h"
#include "logger/render.h"
#include "tests/cli/log_lines.h"

namespace gatehouse::cli {
namespace {

using logs::Decided;

TEST(Logs, JsonTellsWhatTheGatewayKnew) {
  logs::Reader log = reader_of(json_line({{"host_check", "\"mismatch\""},
                                          {"action", "\"deny\""},
                                          {"target", "\"/a\\u00ff\\\"\""},
                                          {"mode", "\"reverse\""}}));
  const logs::Record* record = log.next();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->time, 1795500207);
  EXPECT_EQ(to_string(record->client), "10.0.0.1");
  EXPECT_EQ(to_string(record->destination), "203.0.113.80:80");
  EXPECT_EQ(record->mode, wire::REVERSE);
  EXPECT_EQ(record->method, "GET");
  EXPECT_EQ(record->host, "www.example.com");
  EXPECT_EQ(record->target, "/a\xff\"");
  EXPECT_EQ(record->decided, Decided::kDeny);
  EXPECT_EQ(record->rule, "pkgs");
  EXPECT_EQ(record->name_matches, false);
  EXPECT_EQ(record->user_agent, "curl/7.88.1");
  EXPECT_FALSE(record->cut);
  EXPECT_EQ(log.next(), nullptr);
  EXPECT_EQ(log.junk_count(), 0U);
}

TEST(Logs, WhatWasNotDecidedAboutSaysSo) {
  const std::pair<std::map<std::string, std::string>, Decided> cases[] = {
      {{{"action", "\"\""}}, Decided::kAllow},  // no policy then
      {{{"action", "\"\""}, {"ending", "\"refused\""}}, Decided::kNothing},
      {{{"action", "\"\""}, {"status", "0"}}, Decided::kNothing},
      {{{"action", "\"\""}, {"method", "\"\""}}, Decided::kNothing},
      {{{"action", "\"\""}, {"method", "\"-\""}, {"status", "0"}}, Decided::kAllow},
      {{{"action", "\"deny\""}, {"ending", "\"refused\""}}, Decided::kDeny},
  };
  for (const auto& [values, decided] : cases) {
    logs::Reader log = reader_of(json_line(values));
    const logs::Record* record = log.next();
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->decided, decided) << json_line(values);
  }
}

TEST(Logs, LongTextsMayBeCut) {
  for (const auto& [key, size] : {std::pair("method", 64), {"host", 300}, {"target", 2048}}) {
    const auto cut = [&, name = std::string(key)](int length) {
      logs::Reader log = reader_of(
          json_line({{name, "\"" + std::string(static_cast<std::size_t>(length), 'a') + "\""}}));
      const logs::Record* record = log.next();
      return record != nullptr && record->cut;
    };
    EXPECT_TRUE(cut(size)) << key;
    EXPECT_FALSE(cut(size - 1)) << key;
  }
}

wire::AccessRecord rendered() {
  wire::AccessRecord record;
  record.set_time_us(1795500207'123456);
  record.set_client(std::string("\x0a\0\0\1", 4));
  record.set_destination(std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16));
  record.set_destination_port(8080);
  record.set_method("GET");
  record.set_host("www.example.com");
  record.set_target("/a b\"\\\xff\n");
  record.set_version(11);
  record.set_status(200);
  record.set_user_agent("x\x1b[2J");
  record.set_rule("pkgs");
  record.set_action(wire::AccessRecord::ALLOW);
  return record;
}

// The logger's own lines, in both formats.
TEST(Logs, ReadsWhatTheLoggerWrites) {
  for (const wire::ConfigLog::Format format : {wire::ConfigLog::JSON, wire::ConfigLog::COMBINED}) {
    logger::Renderer renderer;
    renderer.set_format(format);
    std::string text;
    renderer.append_access(rendered(), 3, &text);
    renderer.append_lost_by_worker(1795500207'000000, 3, 42, &text);
    renderer.append_lost_by_target(1795500207'000000, 5, &text);
    logs::Reader log = reader_of(text);
    const logs::Record* record = log.next();
    ASSERT_NE(record, nullptr) << text;
    EXPECT_EQ(record->time, 1795500207);
    EXPECT_EQ(to_string(record->destination), "[2001:db8::1]:8080");
    EXPECT_EQ(record->method, "GET");
    EXPECT_EQ(record->host, "www.example.com");
    EXPECT_EQ(record->target, "/a b\"\\\xff\n");
    EXPECT_EQ(record->user_agent, "x\x1b[2J");
    EXPECT_EQ(record->rule, "pkgs");
    EXPECT_EQ(record->decided, Decided::kAllow);
    EXPECT_EQ(record->mode.has_value(), format == wire::ConfigLog::JSON);
    EXPECT_EQ(log.next(), nullptr);
    EXPECT_EQ(log.dropped(), 47U);
    EXPECT_EQ(log.junk_count(), 0U);
  }
}

TEST(Logs, SquidsNativeFormat) {
  const std::string text =
      "1795500210.500   3000 10.0.0.1 TCP_MISS/200 900 GET http://www.example.com/a - "
      "HIER_DIRECT/203.0.113.80 text/html\n"
      "1795500210.500      0 10.0.0.1 TCP_DENIED/403 900 CONNECT a.example:443 - HIER_NONE/- -\n"
      "1795500210.500      0 10.0.0.1 TCP_DENIED/407 900 GET http://b.example/ - HIER_NONE/- -\n"
      "1795500210.500      0 10.0.0.1 NONE/400 900 NONE error:invalid-request - HIER_NONE/- -\n"
      "1795500210.500      0 2001:db8::1 TCP_TUNNEL/200 9 CONNECT [2001:db8::2]:443 u "
      "FIRSTUP_PARENT/10.9.9.9 -\n";
  logs::Reader log = reader_of(text, 7);
  const logs::Record* record = log.next();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->time, 1795500207);
  EXPECT_EQ(to_string(record->destination.address), "203.0.113.80");
  EXPECT_EQ(record->decided, Decided::kAllow);
  EXPECT_FALSE(record->user_agent);
  const Decided others[] = {Decided::kDeny, Decided::kNothing, Decided::kNothing, Decided::kAllow};
  for (const Decided decided : others) {
    record = log.next();
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->decided, decided) << record->target;
  }
  EXPECT_EQ(record->destination.address.family, AF_UNSPEC);  // of a parent, not of the server
  EXPECT_EQ(log.next(), nullptr);
}

TEST(Logs, JunkIsCountedAndNamedByItsLine) {
  const std::string text = json_line() + "\n" + "{\"time\":1}\n" + json_line() +
                           "{\"time\":\"2026-11-24T06:03:27Z\"}\n" +
                           json_line({{"client", "\"ten\""}}) + "{\"a\":{\"b\":1}}\n{]\n" +
                           "1.2.3.4 - - [x] \"GET / HTTP/1.1\" 200 3\n" +
                           "10.0.0.1 - - [24/Nov/2026:06:03:27 +0000] \"GET / HTTP/1.1\" 200 3 "
                           "\"-\" \"curl\"\n" +
                           std::string(300'000, 'x') + "\n" + json_line() + "17.5 nonsense\n" +
                           "last line without an end";
  for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1000}}) {
    logs::Reader log = reader_of(text, piece);
    int records = 0;
    while (log.next() != nullptr) ++records;
    EXPECT_EQ(records, 3);
    EXPECT_EQ(log.junk_count(), 10U);
    std::vector<std::uint64_t> lines;
    for (const logs::Junk& junk : log.junk()) lines.push_back(junk.line);
    EXPECT_EQ(lines, (std::vector<std::uint64_t>{3, 5, 6, 7, 8, 9, 10, 11, 13, 14}));
    EXPECT_EQ(log.junk()[7].why, std::string("it is longer than 128 KiB"));
  }
}

TEST(Logs, AnErrorOfReadingIsTold) {
  logs::Reader log([](char*, std::size_t) { return Result<std::size_t>(Error{EIO, "broken"}); });
  EXPECT_EQ(log.next(), nullptr);
  EXPECT_EQ(log.problem(), "broken");
}

logs::Record record_of(std::string_view method, std::string_view host, std::string_view target) {
  logs::Record record;
  record.method = method;
  record.host = host;
  record.target = target;
  record.destination = {{AF_INET, {203, 0, 113, 80}}, 8080};
  return record;
}

TEST(Logs, PolicySeesWhatTheListenerSaw) {
  const auto record = record_of("GET", "WWW.example.com:81", "/a?b");
  auto sight = logs::sight_of(record, wire::TRANSPARENT);
  ASSERT_TRUE(sight);
  EXPECT_EQ(sight->request.host, "WWW.example.com");
  EXPECT_EQ(sight->request.path, "/a?b");
  EXPECT_EQ(to_string(sight->request.destination), "203.0.113.80:8080");
  EXPECT_EQ(sight->request.verified, policy::Verified::kUnknown);
  EXPECT_FALSE(sight->port_known);
  const auto proxied = record_of("GET", "other.example", "http://www.example.com:81");
  sight = logs::sight_of(proxied, wire::FORWARD);
  ASSERT_TRUE(sight);
  EXPECT_EQ(sight->request.host, "www.example.com");
  EXPECT_EQ(sight->request.path, "/");
  EXPECT_EQ(to_string(sight->request.destination), "-:81");
  EXPECT_EQ(sight->request.listener_port, 8080);
  const auto tunnel = record_of("CONNECT", "", "[2001:db8::2]:443");
  sight = logs::sight_of(tunnel, wire::FORWARD);
  ASSERT_TRUE(sight);
  EXPECT_EQ(sight->request.method, "CONNECT");
  EXPECT_EQ(sight->request.host, "");
  EXPECT_EQ(to_string(sight->request.destination), "[2001:db8::2]:443");
  sight = logs::sight_of(tunnel, wire::TRANSPARENT);  // there it is TLS
  ASSERT_TRUE(sight);
  EXPECT_EQ(sight->request.method, "");
  EXPECT_FALSE(logs::sight_of(record_of("GET", "", "ftp://a.example/"), wire::FORWARD));
  EXPECT_FALSE(logs::sight_of(record_of("", "", ""), wire::FORWARD));
}

// Neither a crash nor an endless loop, whatever stands there.
TEST(Logs, WhateverComes) {
  std::mt19937 random(1);
  const std::string seeds[] = {
      json_line(),
      "1795500210.500 3000 10.0.0.1 TCP_MISS/200 900 GET http://www.example.com/a - - -\n",
      "192.0.2.7 - - [24/Nov/2026:06:03:27 +0000] \"GET /i HTTP/1.1\" 200 67890 \"-\" \"curl\" "
      "\"example.org\" 203.0.113.80:80 90123 complete \"-\" 3 \"-\" \"pkgs\" allow \"-\" \"-\"\n"};
  std::uint64_t lines = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = 0; i < 3; ++i) text += seeds[random() % std::size(seeds)];
    for (unsigned changes = random() % 6; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      const unsigned kind = random() % 4;
      if (kind == 0) text[at] = static_cast<char>(random());
      if (kind == 1) text.erase(at, random() % 20);
      if (kind == 2) text.insert(at, text.substr(random() % text.size(), random() % 40));
      if (kind == 3) text.insert(at, std::string(1, "\"\\\n[]{}/:.-"[random() % 11]));
      if (text.empty()) text = "x";
    }
    logs::Reader log = reader_of(text, 1 + random() % 100);
    while (const logs::Record* record = log.next()) {
      for (const auto mode : {wire::TRANSPARENT, wire::FORWARD, wire::REVERSE}) {
        (void)logs::sight_of(*record, mode);
      }
    }
    lines += log.line();
    EXPECT_EQ(log.octets(), text.size());
  }
  EXPECT_GT(lines, 8000U);
}

TEST(Logs, Times) {
  EXPECT_EQ(logs::format_time(1795500207), "2026-11-24T06:03:27Z");
  EXPECT_EQ(logs::format_time(0), "1970-01-01T00:00:00Z");
}

}  // namespace
}  // namespace gatehouse::cli
