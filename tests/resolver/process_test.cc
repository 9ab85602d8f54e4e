// SPDX-License-Identifier: Apache-2.0
// The real executable under its own filter, without a right to any file.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>

#include <chrono>
#include <map>

#include "ipc/codec.h"
#include "proto/resolver.pb.h"
#include "tests/resolver/dns_lab.h"
#include "tests/resolver/resolver_process.h"

namespace gatehouse::resolver {
namespace {

constexpr char kZone[] = R"({
  "www.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"], "ttl": 600},
  "cut.example": {"A": ["192.0.2.2"], "AAAA": ["2001:db8::2"], "do": "truncate"},
  "cut-closed.example": {"do": "close-tcp"},
  "cut-silent.example": {"do": "silent-tcp"},
  "silent.example": {"do": "silent"},
  "garbage.example": {"do": "garbage"},
  "forged.example": {"A": ["192.0.2.1"], "do": "wrong-id"},
  "fail.example": {"do": "servfail"},
  "*.many.example": {"A": ["192.0.2.3"], "AAAA": ["2001:db8::3"], "ttl": 600}
})";

class Process {
 public:
  Process(std::vector<Endpoint> servers, unsigned timeout_ms = 1000, unsigned tries = 2)
      : servers_(std::move(servers)) {
    auto pair = ipc::make_pair();
    CHECK(pair);
    channel_ = std::move(pair->ours);
    pid_ = start_resolver(pair->theirs.get(), make_config(servers_, timeout_ms, tries).get());
  }
  ~Process() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

  void query(std::uint64_t id, const std::string& name) {
    wire::ToResolver message;
    message.mutable_query()->set_id(id);
    message.mutable_query()->set_name(name);
    CHECK(ipc::send_message(channel_.get(), message) == ipc::Send::kSent);
  }
  // Makes sockets until so many answers are there; false when it takes longer.
  bool wait_for(std::size_t count, int milliseconds = 10'000) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    ipc::Message message;
    wire::FromResolver from;
    while (answers_.size() < count && std::chrono::steady_clock::now() < end) {
      pollfd ready{channel_.get(), POLLIN, 0};
      poll(&ready, 1, 50);
      auto received = ipc::receive(channel_.get(), &message, 0);
      for (; received == ipc::Receive::kMessage;
           received = ipc::receive(channel_.get(), &message, 0)) {
        CHECK(ipc::decode(message.bytes(), &from));
        if (from.has_need_socket()) give_socket(from.need_socket());
        if (from.has_answer()) answers_[from.answer().id()] = from.answer();
      }
      if (received != ipc::Receive::kEmpty) return false;
    }
    return answers_.size() >= count;
  }
  std::vector<std::string> addresses(std::uint64_t id) {
    std::vector<std::string> texts;
    for (const std::string& bytes : answers_.at(id).addresses()) {
      texts.push_back(to_string(*address_from_bytes(bytes)));
    }
    return texts;
  }
  void forget_answers() { answers_.clear(); }
  // Ends the channel; the wait status.
  int close_and_wait() {
    channel_.reset();
    int status = 0;
    CHECK(waitpid(std::exchange(pid_, 0), &status, 0) > 0);
    return status;
  }

 private:
  void give_socket(const wire::NeedSocket& need) {
    const UniqueFd socket = connected_socket(servers_.at(need.server()), need.tcp());
    wire::ToResolver message;
    message.mutable_socket()->set_server(need.server());
    message.mutable_socket()->set_tcp(need.tcp());
    const int number = socket.get();
    CHECK(ipc::send_message(channel_.get(), message, {&number, 1}) == ipc::Send::kSent);
  }

  std::vector<Endpoint> servers_;
  UniqueFd channel_;
  pid_t pid_ = 0;
  std::map<std::uint64_t, wire::Answer> answers_;
};

using Texts = std::vector<std::string>;

// What provokes every rule of its filter that it needs; SIGSYS would end it.
TEST(ResolverProcess, EveryKindOfAnswerKeepsWithinItsFilter) {
  DnsLab lab(kZone);
  Process process({lab.endpoint()}, 300, 1);
  const std::vector<std::string> names = {
      "www.example",     "cut.example",     "cut-closed.example", "cut-silent.example",
      "silent.example",  "garbage.example", "forged.example",     "fail.example",
      "nothing.example", "192.0.2.9",       "localhost",          "a..b"};
  for (std::size_t i = 0; i < names.size(); ++i) process.query(i, names[i]);
  ASSERT_TRUE(process.wait_for(names.size()));
  EXPECT_EQ(process.addresses(0), (Texts{"192.0.2.1", "2001:db8::1"}));
  EXPECT_EQ(process.addresses(1), (Texts{"192.0.2.2", "2001:db8::2"}));
  for (const std::uint64_t id : {2, 3, 4, 5, 7, 8, 11}) EXPECT_EQ(process.addresses(id), Texts{});
  EXPECT_EQ(process.addresses(6), Texts{"192.0.2.1"});
  EXPECT_EQ(process.addresses(9), Texts{"192.0.2.9"});
  EXPECT_EQ(process.addresses(10), (Texts{"::1", "127.0.0.1"}));
  EXPECT_EQ(process.close_and_wait(), 0) << "it exits when the parent is gone";
}

TEST(ResolverProcess, AServerThatIsDownDelaysNobodyForLong) {
  DnsLab silent(R"({"*": {"do": "silent"}})");
  DnsLab lab(kZone);
  Process process({silent.endpoint(), lab.endpoint()}, 300);
  process.query(1, "first.many.example");
  ASSERT_TRUE(process.wait_for(1));
  process.query(2, "second.many.example");
  ASSERT_TRUE(process.wait_for(2));
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t id = 3; id <= 50; ++id) {
    process.query(id, std::to_string(id) + ".many.example");
    ASSERT_TRUE(process.wait_for(id));
    EXPECT_EQ(process.addresses(id).size(), 2U);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST(ResolverProcess, TwentyThousandQuestionsLeaveNothingBehind) {
  DnsLab lab(kZone);
  Process process({lab.endpoint()}, 5000);
  std::uint64_t id = 0;
  const auto ask = [&](int count) {
    for (int i = 0; i < count; i += 200) {
      process.forget_answers();
      for (int k = 0; k < 200; ++k, ++id) process.query(id, std::to_string(id) + ".many.example");
      ASSERT_TRUE(process.wait_for(200, 20'000));
    }
  };
  // As many names as its cache holds; from then on nothing may grow.
  ask(16'400);
  const long memory = resident_kb(process.pid());
  const int open = descriptors(process.pid());
  const auto start = std::chrono::steady_clock::now();
  ask(20'000);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LE(resident_kb(process.pid()), memory + 512) << "kB";
  EXPECT_EQ(descriptors(process.pid()), open);
  EXPECT_LT(memory, 48 * 1024) << "kB";
  RecordProperty("resident_kb", static_cast<int>(memory));
  RecordProperty("questions_per_second", static_cast<int>(20'000 / took.count()));
  EXPECT_EQ(process.close_and_wait(), 0);
}

TEST(ResolverProcess, EightServersFitIntoItsLimits) {
  DnsLab lab(kZone);
  Process process(std::vector<Endpoint>(8, lab.endpoint()));
  process.query(1, "www.example");
  ASSERT_TRUE(process.wait_for(1));
  EXPECT_EQ(process.addresses(1).size(), 2U);
  const long memory = resident_kb(process.pid());
  EXPECT_LT(memory, 50 * 1024) << "kB";
  RecordProperty("resident_kb_of_eight", static_cast<int>(memory));
}

TEST(ResolverProcess, WithoutServersItDoesNotRun) {
  Process process({});
  const int status = process.close_and_wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
}

}  // namespace
}  // namespace gatehouse::resolver
