// SPDX-License-Identifier: Apache-2.0
#include "privileged/event_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "proto/log.pb.h"

namespace gatehouse::privileged {
namespace {

class EventLogTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    read_end_.reset(ends[0]);
    log_.use_pipe(UniqueFd(ends[1]));
  }

  // All records in the pipe; fails at one that isn't whole.
  std::vector<wire::LogRecord> records() {
    std::string bytes(1 << 20, '\0');
    const ssize_t size = read(read_end_.get(), bytes.data(), bytes.size());
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    std::vector<wire::LogRecord> found;
    while (!bytes.empty()) {
      if (bytes.size() < 4) return ADD_FAILURE() << "half a length", found;
      std::size_t length = 0;
      for (int i = 3; i >= 0; --i) length = length << 8 | static_cast<unsigned char>(bytes[i]);
      if (bytes.size() < 4 + length) return ADD_FAILURE() << "half a record", found;
      EXPECT_TRUE(found.emplace_back().ParseFromString(bytes.substr(4, length)));
      bytes.erase(0, 4 + length);
    }
    return found;
  }

  UniqueFd read_end_;
  EventLog log_;
};

TEST_F(EventLogTest, WritesOneRecordASentence) {
  log_.write(Level::kSecurity, "worker 0 is ended");
  const auto found = records();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].event().level(), wire::EventRecord::SECURITY);
  EXPECT_EQ(found[0].event().text(), "worker 0 is ended");
  EXPECT_GT(found[0].event().time_us(), 1'700'000'000'000'000u);
}

TEST_F(EventLogTest, CutsWhatIsTooLong) {
  log_.write(Level::kInfo, std::string(5000, 'x'));
  const auto found = records();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].event().text(), std::string(1024, 'x'));
}

TEST_F(EventLogTest, NeverBlocksAndCountsWhatIsLost) {
  const int written = 2000;  // of 1 KiB: more than a pipe holds
  for (int i = 0; i < written; ++i) log_.write(Level::kInfo, std::string(1024, 'x'));
  const auto kept = records();
  EXPECT_GT(kept.size(), 10u);
  EXPECT_LT(kept.size(), static_cast<std::size_t>(written));
  log_.write(Level::kInfo, "after");
  const auto found = records();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].dropped().count(), written - kept.size());
  EXPECT_EQ(found[1].event().text(), "after");
  log_.write(Level::kInfo, "again");
  EXPECT_EQ(records().size(), 1u) << "a loss is told once";
}

TEST_F(EventLogTest, WithoutReaderItGoesOn) {
  signal(SIGPIPE, SIG_IGN);
  read_end_.reset();
  log_.write(Level::kInfo, "nobody reads this");
}

TEST(EventLogWithoutLogger, WritesToStandardError) {
  testing::internal::CaptureStderr();
  EventLog log;
  log.write(Level::kError, "not started: a reason");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "gatehoused: error: not started: a reason\n");
}

}  // namespace
}  // namespace gatehouse::privileged
