// SPDX-License-Identifier: Apache-2.0
// A whole worker in a thread of the test, with a fake parent: what clients see as the gateway.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "base/metrics_page.h"
#include "tests/worker/fake_parent.h"
#include "tests/worker/peer.h"
#include "worker/worker.h"

namespace gatehouse::worker::testing {

// A short whole response, and an origin that answers every request with it.
inline const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
Origin::Handler hello();
void pause(int ms);
int elapsed_ms(std::chrono::steady_clock::time_point since);

class Gateway {
 public:
  explicit Gateway(std::uint16_t origin_port, const wire::Config& config = default_config(),
                   std::uint32_t rate_window_ms = 10'000);
  // Drains and fails the test where the worker doesn't end by itself.
  ~Gateway();

  Peer connect(int receive_buffer = 0) { return Peer::connect(port_, receive_buffer); }
  FakeParent& parent() { return *parent_; }
  const MetricsPage& metrics() const { return *metrics_; }
  // Only while nothing moves: the worker's thread may be using it.
  const Workspace& workspace() const { return worker_->workspace(); }
  // The listener, of which the parent keeps a copy.
  UniqueFd copy_listener() const { return UniqueFd(dup(listener_.get())); }
  // Drains and waits for the exit code.
  int stop(std::uint32_t within_ms = 2000);

 private:
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  std::unique_ptr<MetricsPage> metrics_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<FakeParent> parent_;
  std::thread thread_;
  int exit_code_ = -1;
};

}  // namespace gatehouse::worker::testing
