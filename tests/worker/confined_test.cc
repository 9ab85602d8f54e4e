// SPDX-License-Identifier: Apache-2.0
// The real executable under its own filter (the spawner's layers are not here): exchanges of every
// kind need nothing that the filter forbids, and canaries die as they must.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/metrics_page.h"
#include "base/privileges.h"
#include "ipc/channel.h"
#include "ipc/sealed_memfd.h"
#include "tests/worker/fake_parent.h"
#include "tests/worker/peer.h"

namespace gatehouse::worker::testing {
namespace {

UniqueFd config_memfd(const wire::Config& config) {
  auto memfd = ipc::make_memfd("gatehouse-config", 0);
  CHECK(memfd);
  const std::string bytes = config.SerializeAsString();
  CHECK(write(memfd->get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  CHECK(ipc::seal(memfd->get(), true));
  return std::move(*memfd);
}

// Starts gatehouse-worker with its descriptors as the spawner arranges them.
class Child {
 public:
  explicit Child(const char* canary, const wire::Config& config = default_config()) {
    auto pair = ipc::make_pair();
    int log[2];
    CHECK(pair && pipe2(log, O_CLOEXEC | O_NONBLOCK) == 0);
    auto metrics = ipc::make_memfd("gatehouse-metrics", kMetricsPageSize);
    const UniqueFd settings = config_memfd(config);
    const UniqueFd lists = std::move(*ipc::make_memfd("gatehouse-lists", 0));
    CHECK(ipc::seal(lists.get(), true));
    auto limits = ipc::make_memfd("gatehouse-limits", kLimitsSize);
    auto clients = ipc::make_memfd("gatehouse-clients", kClientsPageSize);
    const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC)), log_writer(log[1]);
    CHECK(metrics && limits && clients && null.valid());
    channel_ = std::move(pair->ours);
    log_.reset(log[0]);
    const int fds[] = {null.get(),       null.get(),     null.get(),     pair->theirs.get(),
                       log_writer.get(), metrics->get(), settings.get(), lists.get(),
                       limits->get(),    clients->get()};
    pid_ = fork();
    if (pid_ == 0) become_worker(fds, canary);
  }
  ~Child() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  UniqueFd take_channel() { return std::move(channel_); }
  UniqueFd take_log() { return std::move(log_); }
  // As waitpid(2) says.
  int wait() {
    int status = 0;
    CHECK(waitpid(pid_, &status, 0) == pid_);
    pid_ = 0;
    return status;
  }

 private:
  template <std::size_t kCount>
  [[noreturn]] static void become_worker(const int (&fds)[kCount], const char* canary) {
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int high[kCount];
    for (std::size_t i = 0; i < kCount; ++i) high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 100);
    for (std::size_t i = 0; i < kCount; ++i) dup2(high[i], static_cast<int>(i));
    const char* arguments[] = {"gatehouse-worker", canary, nullptr};
    const char* environment[] = {nullptr};
    execve(GATEHOUSE_WORKER, const_cast<char**>(arguments), const_cast<char**>(environment));
    _exit(127);
  }
  UniqueFd channel_, log_;
  pid_t pid_ = 0;
};

TEST(Confined, EveryCanaryDiesOfTheFilter) {
  for (const char* canary : {"1", "2"}) {
    Child child(canary);
    const int status = child.wait();
    ASSERT_TRUE(WIFSIGNALED(status)) << canary << " status " << status;
    EXPECT_EQ(WTERMSIG(status), SIGSYS) << canary;
  }
}

TEST(Confined, UnknownCanaryOrMissingConfigurationDoesNotStart) {
  Child unknown("7");
  EXPECT_EQ(WEXITSTATUS(unknown.wait()), 2);
}

TEST(Confined, EndsWithItsParent) {
  Child child(nullptr);
  child.take_channel().reset();
  const int status = child.wait();
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

// Every kind of system call that the worker has a row for is provoked here.
TEST(Confined, ServesEveryKindOfExchange) {
  constexpr std::size_t kLarge = 5'000'000;
  Origin origin([](Peer& peer) {
    for (std::string head = peer.receive_head(); !head.empty(); head = peer.receive_head()) {
      if (head.starts_with("POST")) {
        peer.receive_until("0\r\n\r\n");
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
      } else if (head.find("/large") != std::string::npos) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n" +
                  pattern(kLarge));
      } else if (head.find("/cut") != std::string::npos) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
        return;
      } else {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
      }
    }
  });
  Child child(nullptr);
  FakeParent parent(child.take_channel(), child.take_log(), origin.port());
  std::uint16_t port = 0;
  parent.arm(0, make_listener(&port));
  for (int i = 0; i < 3; ++i) {
    Peer client = Peer::connect(port);
    client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    EXPECT_TRUE(client.receive_message().ends_with("hello"));
    client.send(
        "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
    client.receive_head();
    EXPECT_EQ(client.receive_until("0\r\n\r\n"), "1\r\na\r\n0\r\n\r\n");
    client.send("GET /large HTTP/1.1\r\nHost: a.test\r\n\r\n");
    client.receive_head();
    EXPECT_EQ(checksum(client.receive_exactly(kLarge)), checksum(pattern(kLarge)));
    client.send("GET /cut HTTP/1.1\r\nHost: a.test\r\n\r\n");
    client.receive_all();
    EXPECT_EQ(client.end(), End::kReset);
    Peer bad = Peer::connect(port);
    bad.send("BAD\r\n");
    EXPECT_TRUE(bad.receive_all().starts_with("HTTP/1.1 400"));
  }
  std::vector<Peer> many;
  for (int i = 0; i < 300; ++i) {  // enough for memory to grow
    many.push_back(Peer::connect(port));
    many.back().send("GET /" + std::string(5000, 'x'));
  }
  for (Peer& client : many) {
    client.send(" HTTP/1.1\r\nHost: a.test\r\n\r\n");
    EXPECT_TRUE(client.receive_message().ends_with("hello"));
  }
  many.clear();
  parent.drain(2000);
  const int status = child.wait();
  EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(parent.broken());
}

// Names, races and tunnels need nothing more either.
TEST(Confined, ServesForwardMode) {
  constexpr std::size_t kLarge = 5'000'000;
  Origin origin([](Peer& peer) {
    const std::string first = peer.receive_some();
    if (first.starts_with("GET")) {
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    } else {
      peer.send(pattern(kLarge));
      peer.finish_sending();
    }
    peer.receive_all();
  });
  wire::Config config = default_config();
  config.mutable_listeners(0)->set_mode(wire::FORWARD);
  auto* range = config.mutable_forward()->add_ports();
  range->set_first(80);
  range->set_last(80);
  *config.mutable_forward()->add_connect_ports() = *range;
  Child child(nullptr, config);
  FakeParent parent(child.take_channel(), child.take_log(), 0);
  parent.set_name("a.test", {{.port = origin.port(), .delay_ms = 400}, {.port = origin.port()}});
  std::uint16_t port = 0;
  parent.arm(0, make_listener(&port));
  {
    Peer client = Peer::connect(port);
    client.send("GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n");
    EXPECT_TRUE(client.receive_message().ends_with("hello"));
    client.send("CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\nearly");
    EXPECT_TRUE(client.receive_head().starts_with("HTTP/1.1 200"));
    EXPECT_EQ(checksum(client.receive_exactly(kLarge)), checksum(pattern(kLarge)));
  }
  parent.drain(2000);
  const int status = child.wait();
  EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_FALSE(parent.broken());
}

}  // namespace
}  // namespace gatehouse::worker::testing
