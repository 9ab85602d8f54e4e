// SPDX-License-Identifier: Apache-2.0
// Records in, lines out: the logger as a process.
#include "tests/logger/logger_process.h"

#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <vector>

#include "tests/logger/json_line.h"

namespace gatehouse::logger {
namespace {

using Lines = std::vector<std::map<std::string, std::string>>;

// Every line as JSON; a line that isn't fails the test.
Lines parsed_lines(const std::string& text) {
  Lines result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const auto parsed = JsonLine::parse(line);
    EXPECT_TRUE(parsed) << line;
    if (parsed) result.push_back(*parsed);
  }
  EXPECT_TRUE(text.empty() || text.back() == '\n') << "the last line is torn";
  return result;
}

class LoggerProcessTest : public ::testing::Test {
 protected:
  LogDirectory directory_;
  PipeEnds out_ = make_pipe();  // blocking, as a shell's pipe is
  PipeEnds err_ = make_pipe();
  LoggerProcess logger_{out_.write_end.get(), err_.write_end.get(), directory_.path()};

  // What was said on standard error, once the logger has ended.
  std::string errors() {
    err_.write_end.reset();
    return read_within(err_.read_end.get(), 1000);
  }
};

TEST_F(LoggerProcessTest, RecordsOfTwoWorkersBecomeStampedLines) {
  logger_.configure(wire::ConfigLog::FILE);
  UniqueFd first = logger_.add_pipe(wire::AddPipe::WORKER, 1);
  UniqueFd second = logger_.add_pipe(wire::AddPipe::WORKER, 2);
  put(first, access_record("/one") + access_record("/two"));
  put(second, access_record("/three"));
  first.reset();
  second.reset();
  EXPECT_EQ(logger_.finish(), 0);
  std::map<std::string, std::string> workers;
  for (const auto& line : parsed_lines(directory_.text("access.log"))) {
    workers[line.at("target")] = line.at("worker");
  }
  EXPECT_EQ(workers,
            (std::map<std::string, std::string>{{"/one", "1"}, {"/two", "1"}, {"/three", "2"}}));
  struct stat status {};
  ASSERT_EQ(stat(directory_.file("access.log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777 & ~0640U, 0U);
  EXPECT_EQ(errors(), "");
}

TEST_F(LoggerProcessTest, ALineIsThereSoon) {
  logger_.configure(wire::ConfigLog::FILE);
  const UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 0);
  put(pipe, access_record("/warm"));
  ASSERT_TRUE(directory_.wait_for_lines("access.log", 1));
  timespec before{}, after{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  put(pipe, access_record("/soon"));
  ASSERT_TRUE(directory_.wait_for_lines("access.log", 2));
  clock_gettime(CLOCK_MONOTONIC, &after);
  const double seconds = static_cast<double>(after.tv_sec - before.tv_sec) +
                         static_cast<double>(after.tv_nsec - before.tv_nsec) * 1e-9;
  EXPECT_LT(seconds, 0.5) << "meant to be 0.02; the rest is for a busy machine";
}

TEST_F(LoggerProcessTest, HostileOctetsStayInsideOneLine) {
  logger_.configure(wire::ConfigLog::FILE);
  UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 0);
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  put(pipe, access_record(all));
  put(pipe, event_record("x\ngatehoused: info: forged"));
  pipe.reset();
  EXPECT_EQ(logger_.finish(), 0);
  const Lines lines = parsed_lines(directory_.text("access.log"));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].at("target"), all);
  EXPECT_EQ(errors(), "gatehouse-worker 0: info: x\\x0agatehoused: info: forged\n");
}

TEST_F(LoggerProcessTest, CombinedOnStandardOutput) {
  logger_.configure(wire::ConfigLog::STDOUT, "", wire::ConfigLog::COMBINED);
  UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 4);
  put(pipe, access_record("/x"));
  pipe.reset();
  EXPECT_EQ(logger_.finish(), 0);
  EXPECT_EQ(read_within(out_.read_end.get(), 100),
            "10.0.0.1 - - [24/Nov/2026:06:03:27 +0000] \"GET /x\" 0 0 \"-\" \"-\" \"-\" -:0 "
            "0 complete \"-\" 4 \"-\" \"-\" - \"-\" \"-\" \"-\"\n");
}

TEST_F(LoggerProcessTest, OffWritesNothingButStillEmptiesThePipes) {
  logger_.configure(wire::ConfigLog::OFF);
  UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 0);
  for (int i = 0; i < 5000; ++i) {
    const std::string record = access_record("/x");
    while (write(pipe.get(), record.data(), record.size()) < 0) usleep(1000);
  }
  pipe.reset();
  EXPECT_EQ(logger_.finish(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  EXPECT_EQ(read_within(out_.read_end.get(), 10), "");
}

// Nobody reads standard output: 4 MB of records must still be taken from the pipe at once (the
// surplus is dropped), and when somebody reads, the gap is told in its place.
TEST_F(LoggerProcessTest, AReaderThatStopsCostsLinesNotTime) {
  logger_.configure(wire::ConfigLog::STDOUT);
  UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 0);
  constexpr int kRecords = 12'000;
  for (int i = 0; i < kRecords; ++i) {
    const std::string record = access_record("/" + std::to_string(i) + std::string(200, 'x'));
    while (write(pipe.get(), record.data(), record.size()) < 0) usleep(1000);
  }
  // Also alive for everything else meanwhile.
  UniqueFd parent = logger_.add_pipe(wire::AddPipe::PARENT, 0);
  put(parent, event_record("still here"));
  EXPECT_EQ(read_within(err_.read_end.get(), 300), "gatehoused: info: still here\n");

  std::string all = read_within(out_.read_end.get(), 300);
  put(pipe, access_record("/after"));
  pipe.reset();
  parent.reset();
  EXPECT_EQ(logger_.finish(), 0);
  out_.write_end.reset();
  all += read_within(out_.read_end.get(), 1000);
  const Lines lines = parsed_lines(all);
  unsigned long kept = 0, dropped = 0;
  int gaps = 0;
  for (const auto& line : lines) {
    if (line.contains("dropped")) {
      dropped += std::stoul(line.at("dropped"));
      ++gaps;
    } else {
      ++kept;
    }
  }
  EXPECT_EQ(gaps, 1);
  EXPECT_EQ(kept + dropped, kRecords + 1U);
  EXPECT_GT(dropped, 1000U);
  EXPECT_EQ(lines.back().at("target"), "/after");
  EXPECT_NE(errors().find("gatehouse-logger: warning: the access log could not be written fast "
                          "enough: " +
                          std::to_string(dropped) + " records were dropped\n"),
            std::string::npos);
}

TEST_F(LoggerProcessTest, FinishDoesNotWaitForAReaderForEver) {
  logger_.configure(wire::ConfigLog::STDOUT);
  UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 0);
  for (int i = 0; i < 1000; ++i) {
    const std::string record = access_record(std::string(200, 'x'));
    while (write(pipe.get(), record.data(), record.size()) < 0) usleep(1000);
  }
  pipe.reset();
  alarm(10);  // ends the test where it would hang
  EXPECT_EQ(logger_.finish(), 0);
  alarm(0);
  EXPECT_NE(errors().find("octets of the access log could not be written in time\n"),
            std::string::npos);
}

TEST_F(LoggerProcessTest, ARotatedFileIsLeftAfterReopen) {
  logger_.configure(wire::ConfigLog::FILE);
  UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 0);
  put(pipe, access_record("/old"));
  ASSERT_TRUE(directory_.wait_for_lines("access.log", 1));
  std::filesystem::rename(directory_.file("access.log"), directory_.file("access.log.1"));
  put(pipe, access_record("/still-old"));
  ASSERT_TRUE(directory_.wait_for_lines("access.log.1", 2));
  logger_.reopen();
  for (int i = 0; i < 500 && !std::filesystem::exists(directory_.file("access.log")); ++i) {
    usleep(10'000);
  }
  put(pipe, access_record("/new"));
  pipe.reset();
  EXPECT_EQ(logger_.finish(), 0);
  const Lines fresh = parsed_lines(directory_.text("access.log"));
  ASSERT_EQ(fresh.size(), 1U);
  EXPECT_EQ(fresh[0].at("target"), "/new");
  EXPECT_EQ(parsed_lines(directory_.text("access.log.1")).size(), 2U);
}

TEST_F(LoggerProcessTest, ANewConfigurationMovesTheLog) {
  logger_.configure(wire::ConfigLog::FILE, "first.log");
  UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 0);
  put(pipe, access_record("/1"));
  ASSERT_TRUE(directory_.wait_for_lines("first.log", 1));
  logger_.configure(wire::ConfigLog::FILE, "second.log", wire::ConfigLog::COMBINED);
  for (int i = 0; i < 500 && !std::filesystem::exists(directory_.file("second.log")); ++i) {
    usleep(10'000);
  }
  put(pipe, access_record("/2"));
  pipe.reset();
  EXPECT_EQ(logger_.finish(), 0);
  EXPECT_NE(directory_.text("second.log").find("\"GET /2\" "), std::string::npos);
}

TEST_F(LoggerProcessTest, BrokenRecordsEndTheirPipeOnly) {
  logger_.configure(wire::ConfigLog::FILE);
  UniqueFd good = logger_.add_pipe(wire::AddPipe::WORKER, 0);
  UniqueFd length = logger_.add_pipe(wire::AddPipe::WORKER, 1);
  UniqueFd content = logger_.add_pipe(wire::AddPipe::WORKER, 2);
  put(length, access_record("/before") + "\xff\xff\xff\xff" + access_record("/after"));
  put(content, framed("this is no protobuf"));
  ASSERT_TRUE(directory_.wait_for_lines("access.log", 1));
  signal(SIGPIPE, SIG_IGN);
  for (const UniqueFd* pipe : {&length, &content}) {
    int result = 0;
    for (int i = 0; i < 500 && result == 0; ++i) {
      usleep(10'000);
      result = write(pipe->get(), "", 1) < 0 ? errno : 0;
    }
    EXPECT_EQ(result, EPIPE) << "its reading end is closed";
  }
  put(good, access_record("/good"));
  good.reset();
  EXPECT_EQ(logger_.finish(), 0);
  const Lines lines = parsed_lines(directory_.text("access.log"));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].at("target"), "/before");
  EXPECT_EQ(lines[1].at("target"), "/good");
  const std::string said = errors();
  for (const char* worker : {"worker 1", "worker 2"}) {
    EXPECT_NE(said.find(std::string("gatehouse-logger: security: ") + worker +
                        " sent a log record that can't be read; its log pipe is closed\n"),
              std::string::npos)
        << said;
  }
}

TEST_F(LoggerProcessTest, ARecordMayArriveInPieces) {
  logger_.configure(wire::ConfigLog::FILE);
  UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 0);
  const std::string record = access_record("/piecemeal");
  for (const char octet : record) {
    put(pipe, {&octet, 1});
    usleep(300);
  }
  pipe.reset();
  EXPECT_EQ(logger_.finish(), 0);
  ASSERT_EQ(parsed_lines(directory_.text("access.log")).size(), 1U);
}

TEST_F(LoggerProcessTest, RecordsThatAWorkerLostAreTold) {
  logger_.configure(wire::ConfigLog::FILE);
  UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 6);
  wire::LogRecord lost;
  lost.mutable_dropped()->set_count(42);
  put(pipe, framed(lost.SerializeAsString()));
  pipe.reset();
  EXPECT_EQ(logger_.finish(), 0);
  const Lines lines = parsed_lines(directory_.text("access.log"));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].at("dropped"), "42");
  EXPECT_EQ(lines[0].at("worker"), "6");
}

TEST_F(LoggerProcessTest, ALinkInTheDirectoryIsNotFollowed) {
  std::filesystem::create_symlink(directory_.file("elsewhere"), directory_.file("access.log"));
  logger_.configure(wire::ConfigLog::FILE);
  UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 0);
  put(pipe, access_record("/waiting"));
  // Once the link is gone, a reopen finds what has waited.
  EXPECT_NE(read_within(err_.read_end.get(), 300)
                .find("gatehouse-logger: error: the access log access.log can't be opened: "),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(directory_.file("elsewhere")));
  std::filesystem::remove(directory_.file("access.log"));
  logger_.reopen();
  pipe.reset();
  EXPECT_EQ(logger_.finish(), 0);
  EXPECT_EQ(parsed_lines(directory_.text("access.log")).size(), 1U);
}

TEST_F(LoggerProcessTest, TheEndOfTheParentIsTheEndAfterWhatIsThere) {
  logger_.configure(wire::ConfigLog::FILE);
  UniqueFd pipe = logger_.add_pipe(wire::AddPipe::WORKER, 0);
  put(pipe, access_record("/last"));
  logger_.close_channel();
  alarm(10);  // the pipe stays open: a worker that lives on must not keep the logger
  EXPECT_EQ(logger_.wait(), 0);
  alarm(0);
  EXPECT_EQ(parsed_lines(directory_.text("access.log")).size(), 1U);
}

TEST_F(LoggerProcessTest, AnUnsealedConfigurationIsRefused) {
  const UniqueFd memfd = std::move(*ipc::make_memfd("config", 16));
  wire::ToLogger message;
  message.mutable_configure();
  logger_.send(message, memfd.get());
  EXPECT_EQ(logger_.finish(), 0);
  EXPECT_EQ(errors(),
            "gatehouse-logger: error: the new configuration is not used: the shared memory is not "
            "sealed\n");
}

}  // namespace
}  // namespace gatehouse::logger
