// SPDX-License-Identifier: Apache-2.0
#include "logger/events.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace gatehouse::logger {
namespace {

class EventsTest : public ::testing::Test {
 protected:
  EventsTest() : fd_(memfd_create("events", MFD_CLOEXEC)) {
    target_.open(UniqueFd(fd_.get()), Target::Kind::kSharedFile);
  }

  std::string text() {
    target_.flush();
    std::string all(1 << 20, '\0');
    const ssize_t n = pread(fd_.get(), all.data(), all.size(), 0);
    all.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    return all;
  }
  long lines() {
    const std::string all = text();
    return std::count(all.begin(), all.end(), '\n');
  }

  UniqueFd fd_;
  Target target_;
  Events events_{&target_};
};

constexpr Source kParentSource{Source::Kind::kParent, 0};
constexpr Source kWorker3{Source::Kind::kWorker, 3};
constexpr Source kWorker4{Source::Kind::kWorker, 4};
constexpr std::uint64_t kStart = 5'000'000'000;
constexpr std::uint64_t kSecond = 1'000'000;

TEST_F(EventsTest, EverySourceAndLevelHasItsName) {
  events_.write(kParentSource, wire::EventRecord::INFO, "ready: \"all\"", kStart);
  events_.write(kWorker3, wire::EventRecord::WARNING, "slow", kStart);
  events_.write(Source{}, wire::EventRecord::ERROR, "full", kStart);
  events_.write(kWorker4, wire::EventRecord::SECURITY, "odd", kStart);
  EXPECT_EQ(text(),
            "gatehoused: info: ready: \"all\"\n"
            "gatehouse-worker 3: warning: slow\n"
            "gatehouse-logger: error: full\n"
            "gatehouse-worker 4: security: odd\n");
}

TEST_F(EventsTest, AHostileTextIsOneShortLine) {
  std::string hostile = "a\ngatehoused: info: forged\x1b[2J";
  hostile += std::string(5000, 'x');
  events_.write(kWorker3, wire::EventRecord::INFO, hostile, kStart);
  EXPECT_EQ(lines(), 1);
  EXPECT_EQ(text().substr(0, 67),
            "gatehouse-worker 3: info: a\\x0agatehoused: info: forged\\x1b[2Jxxxxx");
  EXPECT_LT(text().size(), 1200U);
}

TEST_F(EventsTest, AFloodIsHeldBackAndCounted) {
  for (int i = 0; i < 1000; ++i) events_.write(kWorker3, wire::EventRecord::INFO, "x", kStart);
  EXPECT_EQ(lines(), 50);
  EXPECT_TRUE(events_.report_held_back(kStart)) << "950 are to be told, but not yet";
  EXPECT_EQ(lines(), 50);
  EXPECT_FALSE(events_.report_held_back(kStart + kSecond));
  EXPECT_EQ(lines(), 51);
  EXPECT_NE(text().find("gatehouse-worker 3: warning: 950 messages were held back"),
            std::string::npos);
}

TEST_F(EventsTest, AFloodOfOneSourceLeavesTheOthersAlone) {
  for (int i = 0; i < 1000; ++i) events_.write(kWorker3, wire::EventRecord::INFO, "x", kStart);
  events_.write(kWorker4, wire::EventRecord::INFO, "heard", kStart);
  events_.write(kParentSource, wire::EventRecord::INFO, "heard", kStart);
  EXPECT_EQ(lines(), 52);
}

TEST_F(EventsTest, TheNextMessageTellsTheGapFirst) {
  for (int i = 0; i < 51; ++i) events_.write(kWorker3, wire::EventRecord::INFO, "x", kStart);
  events_.write(kWorker3, wire::EventRecord::INFO, "later", kStart + kSecond);
  const std::string all = text();
  const auto gap = all.find("1 message was held back"), later = all.find("later");
  ASSERT_NE(gap, std::string::npos);
  ASSERT_NE(later, std::string::npos);
  EXPECT_LT(gap, later);
}

}  // namespace
}  // namespace gatehouse::logger
