// SPDX-License-Identifier: Apache-2.0
#include "worker/log_pipe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstring>

namespace gatehouse::worker {
namespace {

struct LogPipeTest : ::testing::Test {
  void SetUp() override {
    auto made = EpollPoller::make();
    ASSERT_TRUE(made);
    poller = std::make_unique<EpollPoller>(std::move(*made));
    int fds[2];
    ASSERT_EQ(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    reader.reset(fds[0]);
    log = std::make_unique<LogPipe>(UniqueFd(fds[1]), poller.get(), &metrics);
  }
  void drain_pipe() {
    char bytes[65536];
    ssize_t n;
    while ((n = read(reader.get(), bytes, sizeof bytes)) > 0) {
      received.append(bytes, static_cast<std::size_t>(n));
    }
  }
  void write_everything() {
    log->flush(false);
    while (log->waiting() > 0) {
      drain_pipe();
      poller->dispatch(100);
      log->flush(false);
    }
  }
  std::vector<wire::LogRecord> parse() {
    drain_pipe();
    std::vector<wire::LogRecord> records;
    std::size_t at = 0;
    while (received.size() - at >= 4) {
      std::uint32_t size;
      std::memcpy(&size, received.data() + at, 4);
      if (received.size() - at - 4 < size) break;
      records.emplace_back();
      EXPECT_TRUE(records.back().ParseFromString(received.substr(at + 4, size)));
      at += 4 + size;
    }
    EXPECT_EQ(at, received.size());
    return records;
  }
  static wire::AccessRecord record(std::uint64_t number) {
    wire::AccessRecord r;
    r.set_exchange(number);
    r.set_target(std::string(500, 'x'));
    return r;
  }
  std::unique_ptr<EpollPoller> poller;
  MetricsPage metrics{};
  UniqueFd reader;
  std::unique_ptr<LogPipe> log;
  std::string received;
};

TEST_F(LogPipeTest, WritesOnceATurnAndWaitsForMoreUnderLoad) {
  log->write(record(1));
  log->write(record(2));
  log->flush(true);
  EXPECT_EQ(parse().size(), 0u);
  log->flush(false);
  const auto records = parse();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].access().exchange(), 1u);
  EXPECT_EQ(records[1].access().target(), std::string(500, 'x'));
  EXPECT_EQ(log->waiting(), 0u);
}

TEST_F(LogPipeTest, DropsCountsAndSaysSoInOrder) {
  constexpr std::uint64_t kMany = 2000;  // 1 MB: more than pipe and buffer hold
  for (std::uint64_t i = 1; i <= kMany; ++i) {
    log->write(record(i));
    log->flush(false);
  }
  const std::uint64_t dropped = metrics.log_dropped.load();
  EXPECT_GT(dropped, 0u);
  write_everything();
  log->write(record(kMany + 1));
  log->event(wire::EventRecord::WARNING, "a sentence");
  write_everything();
  const auto records = parse();
  std::uint64_t next = 1, told = 0;
  for (const auto& r : records) {
    if (r.has_dropped()) {
      told += r.dropped().count();
      next += r.dropped().count();
    } else if (r.has_access()) {
      EXPECT_EQ(r.access().exchange(), next);
      ++next;
    }
  }
  EXPECT_EQ(told, dropped);
  EXPECT_EQ(next, kMany + 2);
  EXPECT_EQ(records.back().event().text(), "a sentence");
}

TEST_F(LogPipeTest, LivesOnWithoutAReader) {
  signal(SIGPIPE, SIG_IGN);
  reader.reset();
  for (std::uint64_t i = 0; i < 2000; ++i) {
    log->write(record(i));
    log->flush(false);
  }
  EXPECT_GT(metrics.log_dropped.load(), 0u);
}

}  // namespace
}  // namespace gatehouse::worker
