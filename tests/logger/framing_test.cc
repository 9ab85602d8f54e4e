// SPDX-License-Identifier: Apache-2.0
#include "logger/framing.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/log.pb.h"

namespace gatehouse::logger {
namespace {

std::string framed(std::string_view record) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += static_cast<char>(record.size() >> (8 * i));
  return out.append(record);
}

TEST(Framing, RecordsComeInOrderAtEverySplit) {
  const std::string all = framed("one") + framed(std::string(300, 'x')) + framed("3");
  for (std::size_t split = 0; split <= all.size(); ++split) {
    std::string rest;
    std::string seen;
    for (const std::string& part : {all.substr(0, split), all.substr(split)}) {
      const std::string have = rest + part;
      std::string_view octets = have, record;
      while (next_frame(&octets, &record) == Frame::kRecord) seen.append(record).append("|");
      rest = octets;
    }
    EXPECT_EQ(rest, "");
    EXPECT_EQ(seen, "one|" + std::string(300, 'x') + "|3|");
  }
}

TEST(Framing, LengthsOutsideTheirRangeAreBroken) {
  std::string_view record;
  const auto frame_of = [&](std::string text) {
    std::string_view octets = text;
    return next_frame(&octets, &record);
  };
  EXPECT_EQ(frame_of(std::string(4, '\0')), Frame::kBroken);
  EXPECT_EQ(frame_of(std::string("\x01\x40\x00\x00", 4)), Frame::kBroken);  // 16 KiB + 1
  EXPECT_EQ(frame_of("\xff\xff\xff\xff"), Frame::kBroken);
  EXPECT_EQ(frame_of(std::string("\x00\x40\x00\x00", 4)), Frame::kIncomplete);
  EXPECT_EQ(frame_of(framed(std::string(kMaxRecord, 'x'))), Frame::kRecord);
  EXPECT_EQ(record.size(), kMaxRecord);
}

TEST(Framing, OpensWhatProtobufWrites) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 16'000U}) {
    wire::LogRecord record;
    record.mutable_access()->set_target(std::string(size, 'x'));
    const std::string bytes = record.SerializeAsString();
    const auto opened = open_record(bytes);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->kind, RecordKind::kAccess);
    EXPECT_EQ(opened->body, record.access().SerializeAsString());
  }
  wire::LogRecord event, dropped;
  event.mutable_event()->set_text("x");
  dropped.mutable_dropped()->set_count(1);
  const std::string event_bytes = event.SerializeAsString();
  const std::string dropped_bytes = dropped.SerializeAsString();
  EXPECT_EQ(open_record(event_bytes)->kind, RecordKind::kEvent);
  EXPECT_EQ(open_record(dropped_bytes)->kind, RecordKind::kDropped);
}

TEST(Framing, RefusesAnythingButOneField) {
  wire::LogRecord record;
  record.mutable_event()->set_text("hello");
  const std::string bytes = record.SerializeAsString();
  EXPECT_FALSE(open_record(""));
  EXPECT_FALSE(open_record(bytes + bytes));
  EXPECT_FALSE(open_record(bytes + "x"));
  EXPECT_FALSE(open_record(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(open_record("\x0a"));
  EXPECT_FALSE(open_record("\x0a\x80\x80\x80\x80\x80"));
  EXPECT_FALSE(open_record(std::string("\x08\x01", 2)));  // a varint field
  EXPECT_FALSE(open_record(std::string("\x22\x00", 2)));  // field 4
}

}  // namespace
}  // namespace gatehouse::logger
