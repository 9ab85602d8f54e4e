// SPDX-License-Identifier: Apache-2.0
#include "tests/worker/gateway.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "ipc/channel.h"

namespace gatehouse::worker::testing {

Origin::Handler hello() {
  return [](Peer& peer) {
    while (!peer.receive_head().empty()) peer.send(kHello);
  };
}

void pause(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

int elapsed_ms(std::chrono::steady_clock::time_point since) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::steady_clock::now() - since)
                              .count());
}

Gateway::Gateway(std::uint16_t origin_port, const wire::Config& config,
                 std::uint32_t rate_window_ms)
    : metrics_(std::make_unique<MetricsPage>()) {
  signal(SIGPIPE, SIG_IGN);
  auto pair = ipc::make_pair();
  int log[2];
  CHECK(pair && pipe2(log, O_CLOEXEC | O_NONBLOCK) == 0);
  auto worker = Worker::make(WorkerParts{config, std::move(pair->theirs), UniqueFd(log[1]),
                                         metrics_.get(), 16384, rate_window_ms});
  CHECK(worker);
  worker_ = std::move(*worker);
  parent_ = std::make_unique<FakeParent>(std::move(pair->ours), UniqueFd(log[0]), origin_port);
  listener_ = make_listener(&port_);
  parent_->arm(0, copy_listener());
  thread_ = std::thread([this] {
    worker_->say_ready();
    exit_code_ = worker_->run();
  });
}

int Gateway::stop(std::uint32_t within_ms) {
  if (thread_.joinable()) {
    parent_->drain(within_ms);
    thread_.join();
  }
  return exit_code_;
}

Gateway::~Gateway() {
  EXPECT_EQ(stop(), 0);
  for (int i = 0; i < 500 && !parent_->drained(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(parent_->ready());
  EXPECT_TRUE(parent_->drained());
  EXPECT_FALSE(parent_->broken());
  // Nothing is left behind.
  EXPECT_EQ(worker_->sessions(), 0u);
  EXPECT_EQ(workspace().blocks.octets_in_use(), 0u);
  EXPECT_EQ(workspace().parsers.in_use(), 0u);
  EXPECT_EQ(workspace().pipes->free_pipes(), PipePool::kPipes);
}

}  // namespace gatehouse::worker::testing
