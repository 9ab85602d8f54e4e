// SPDX-License-Identifier: Apache-2.0
#include "logger/render.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/logger/json_line.h"

namespace gatehouse::logger {
namespace {

wire::AccessRecord full_record() {
  wire::AccessRecord record;
  record.set_time_us(1'795'500'207'123'456);
  record.set_client(std::string("\xc0\x00\x02\x07", 4));
  record.set_client_port(50123);
  record.set_destination(std::string("\xcb\x00\x71\x50", 4));
  record.set_destination_port(80);
  record.set_method("GET");
  record.set_host("example.org");
  record.set_target("/index.html?q=1");
  record.set_version(11);
  record.set_status(200);
  record.set_octets_in(345);
  record.set_octets_out(67890);
  record.set_head_us(12);
  record.set_connect_us(345);
  record.set_first_byte_us(678);
  record.set_total_us(90123);
  record.set_reused(true);
  record.set_exchange(7);
  record.set_user_agent("curl/7.88.1");
  record.set_referer("http://example.org/");
  return record;
}

std::string render(const wire::AccessRecord& record, wire::ConfigLog::Format format) {
  Renderer renderer;
  renderer.set_format(format);
  std::string out;
  renderer.append_access(record, 3, &out);
  return out;
}

std::map<std::string, std::string> parsed(std::string line) {
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.back(), '\n');
  line.pop_back();
  const auto result = JsonLine::parse(line);
  EXPECT_TRUE(result) << line;
  return result.value_or(std::map<std::string, std::string>{});
}

TEST(Render, JsonLine) {
  EXPECT_EQ(render(full_record(), wire::ConfigLog::JSON),
            "{\"time\":\"2026-11-24T06:03:27.123456Z\",\"client\":\"192.0.2.7\","
            "\"client_port\":50123,\"destination\":\"203.0.113.80\",\"destination_port\":80,"
            "\"method\":\"GET\",\"host\":\"example.org\",\"target\":\"/index.html?q=1\","
            "\"version\":\"1.1\",\"status\":200,\"octets_in\":345,\"octets_out\":67890,"
            "\"head_us\":12,\"connect_us\":345,\"first_byte_us\":678,\"total_us\":90123,"
            "\"reused\":true,\"ending\":\"complete\",\"reason\":\"\",\"exchange\":7,\"worker\":3,"
            "\"user_agent\":\"curl/7.88.1\",\"referer\":\"http://example.org/\","
            "\"mode\":\"transparent\",\"host_check\":\"none\",\"upstream\":\"\",\"reference\":\"\","
            "\"rule\":\"\",\"action\":\"\",\"audit\":\"\",\"tag\":\"\",\"limit\":\"\"}\n");
}

TEST(Render, JsonModeHostCheckAndUpstream) {
  wire::AccessRecord record = full_record();
  record.set_host_check(wire::AccessRecord::MATCH);
  EXPECT_EQ(parsed(render(record, wire::ConfigLog::JSON)).at("host_check"), "match");
  record.set_host_check(wire::AccessRecord::MISMATCH);
  EXPECT_EQ(parsed(render(record, wire::ConfigLog::JSON)).at("host_check"), "mismatch");
  record.set_host_check(wire::AccessRecord::UNKNOWN);
  record.set_mode(wire::FORWARD);
  auto line = parsed(render(record, wire::ConfigLog::JSON));
  EXPECT_EQ(line.at("host_check"), "unknown");
  EXPECT_EQ(line.at("mode"), "forward");
  record.set_mode(wire::REVERSE);
  record.set_upstream("app\"\n");
  line = parsed(render(record, wire::ConfigLog::JSON));
  EXPECT_EQ(line.at("mode"), "reverse");
  EXPECT_EQ(line.at("upstream"), "app\"\n");
  record.set_mode(17);  // whatever a worker says
  EXPECT_EQ(parsed(render(record, wire::ConfigLog::JSON)).at("mode"), "unknown");
}

TEST(Render, CombinedLine) {
  EXPECT_EQ(
      render(full_record(), wire::ConfigLog::COMBINED),
      "192.0.2.7 - - [24/Nov/2026:06:03:27 +0000] \"GET /index.html?q=1 HTTP/1.1\" 200 67890 "
      "\"http://example.org/\" \"curl/7.88.1\" \"example.org\" 203.0.113.80:80 90123 complete "
      "\"-\" 3 \"-\" \"-\" - \"-\" \"-\" \"-\"\n");
}

TEST(Render, ReferenceOfAPageAndTunnelsWithoutARequestLine) {
  wire::AccessRecord record = full_record();
  record.set_reference("k3v9d0t2xq");
  EXPECT_EQ(parsed(render(record, wire::ConfigLog::JSON)).at("reference"), "k3v9d0t2xq");
  EXPECT_TRUE(render(record, wire::ConfigLog::COMBINED)
                  .ends_with(" 3 \"k3v9d0t2xq\" \"-\" - \"-\" \"-\" \"-\"\n"));
  record.set_method("-");
  record.clear_target();
  record.clear_version();
  record.set_reason("tunnel");
  EXPECT_EQ(parsed(render(record, wire::ConfigLog::JSON)).at("method"), "-");
  const std::string text = render(record, wire::ConfigLog::COMBINED);
  EXPECT_NE(text.find("] \"-\" 200 "), std::string::npos);
  EXPECT_NE(text.find(" complete \"tunnel\" 3 "), std::string::npos);
}

TEST(Render, Ipv6) {
  wire::AccessRecord record = full_record();
  record.set_client(std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16));
  record.set_destination(record.client());
  const auto line = parsed(render(record, wire::ConfigLog::JSON));
  EXPECT_EQ(line.at("client"), "2001:db8::1");
  EXPECT_EQ(line.at("destination"), "2001:db8::1");
  const std::string text = render(record, wire::ConfigLog::COMBINED);
  EXPECT_EQ(text.substr(0, 12), "2001:db8::1 ");
  EXPECT_NE(text.find(" [2001:db8::1]:80 "), std::string::npos);
}

TEST(Render, AnEmptyRecordIsALineToo) {
  const auto line = parsed(render({}, wire::ConfigLog::JSON));
  EXPECT_EQ(line.at("client"), "-");
  EXPECT_EQ(line.at("version"), "");
  EXPECT_EQ(line.at("status"), "0");
  EXPECT_EQ(line.at("reused"), "false");
  EXPECT_EQ(line.size(), 32U);
  EXPECT_EQ(render({}, wire::ConfigLog::COMBINED),
            "- - - [01/Jan/1970:00:00:00 +0000] \"-\" 0 0 \"-\" \"-\" \"-\" -:0 0 complete \"-\" 3 "
            "\"-\" \"-\" - \"-\" \"-\" \"-\"\n");
}

TEST(Render, HostileFieldsStayInTheirPlace) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  wire::AccessRecord record = full_record();
  record.set_method("GET\" 200 0\n");
  record.set_host("\",\"worker\":99,\"x\":\"");
  record.set_target(all);
  record.set_reason("}\n{");
  record.set_user_agent("\xff\"\\");
  record.set_referer(std::string("\0", 1));
  record.set_upstream("\"}\n");
  record.set_reference("\" 4\n");
  record.set_rule("\",\"action\":\"allow\n");
  record.set_action(static_cast<wire::AccessRecord::Action>(9));
  record.set_audit("\\\"");
  record.set_tag("\n");
  record.set_limit("\"\n");
  record.set_client("three");
  record.set_version(4'294'967'295);
  record.set_ending(static_cast<wire::Ending>(77));
  const auto line = parsed(render(record, wire::ConfigLog::JSON));
  EXPECT_EQ(line.at("target"), all);
  EXPECT_EQ(line.at("host"), record.host());
  EXPECT_EQ(line.at("method"), record.method());
  EXPECT_EQ(line.at("worker"), "3");
  EXPECT_EQ(line.at("client"), "-");
  EXPECT_EQ(line.at("ending"), "unknown");
  EXPECT_EQ(line.at("rule"), record.rule());
  EXPECT_EQ(line.at("action"), "");
  EXPECT_EQ(line.size(), 32U);

  const std::string text = render(record, wire::ConfigLog::COMBINED);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(std::count(text.begin(), text.end(), '"'), 20) << "ten quoted fields";
  EXPECT_NE(text.find("\"GET\\x22 200 0\\x0a \\x00\\x01"), std::string::npos);
}

TEST(Render, WhatAPolicyHasDecided) {
  wire::AccessRecord record = full_record();
  record.set_rule("adult");
  record.set_action(wire::AccessRecord::DENY);
  record.set_audit("games,late");
  record.set_tag("curl");
  record.set_limit("api,all");
  const auto line = parsed(render(record, wire::ConfigLog::JSON));
  EXPECT_EQ(line.at("rule"), "adult");
  EXPECT_EQ(line.at("action"), "deny");
  EXPECT_EQ(line.at("audit"), "games,late");
  EXPECT_EQ(line.at("tag"), "curl");
  EXPECT_EQ(line.at("limit"), "api,all");
  EXPECT_TRUE(render(record, wire::ConfigLog::COMBINED)
                  .ends_with(" \"-\" \"adult\" deny \"games,late\" \"curl\" \"api,all\"\n"));
}

TEST(Render, EveryEndingHasItsName) {
  const char* const names[] = {"complete",         "refused",   "upstream_failed", "client_aborted",
                               "upstream_aborted", "timed_out", "drained"};
  for (int i = 0; i < 7; ++i) {
    wire::AccessRecord record;
    record.set_ending(static_cast<wire::Ending>(i));
    EXPECT_EQ(parsed(render(record, wire::ConfigLog::JSON)).at("ending"), names[i]);
  }
}

TEST(Render, LongFieldsAreCut) {
  wire::AccessRecord record = full_record();
  record.set_host(std::string(15'000, 'h'));
  record.set_user_agent(std::string(15'000, '\x01'));
  const auto line = parsed(render(record, wire::ConfigLog::JSON));
  EXPECT_EQ(line.at("host"), std::string(300, 'h') + "...");
  EXPECT_EQ(line.at("user_agent"), std::string(1024, '\x01') + "...");
}

TEST(Render, LostRecords) {
  Renderer renderer;
  std::string out;
  renderer.append_lost_by_worker(1'795'500'207'123'456, 3, 12, &out);
  EXPECT_EQ(out, "{\"time\":\"2026-11-24T06:03:27.123456Z\",\"dropped\":12,\"worker\":3}\n");
  out.clear();
  renderer.append_lost_by_target(1'795'500'207'123'456, 5, &out);
  EXPECT_EQ(out, "{\"time\":\"2026-11-24T06:03:27.123456Z\",\"dropped\":5}\n");
  renderer.set_format(wire::ConfigLog::COMBINED);
  out.clear();
  renderer.append_lost_by_worker(1'795'500'207'123'456, 3, 12, &out);
  renderer.append_lost_by_target(1'795'500'207'123'456, 5, &out);
  EXPECT_EQ(out,
            "- - - [24/Nov/2026:06:03:27 +0000] dropped 12 records in worker 3\n"
            "- - - [24/Nov/2026:06:03:27 +0000] dropped 5 records\n");
}

}  // namespace
}  // namespace gatehouse::logger
