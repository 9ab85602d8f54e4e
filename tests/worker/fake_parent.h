// SPDX-License-Identifier: Apache-2.0
// The parent's end of a worker's channel, for tests: deals listeners on 127.0.0.1, connects every
// Connect to one origin port, and collects the log records.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "proto/config.pb.h"
#include "proto/log.pb.h"
#include "proto/to_worker.pb.h"

namespace gatehouse::worker::testing {

// Every field set, as the loader would.
wire::Config default_config();

// Listening on 127.0.0.1, nonblocking, with the options the real parent sets; *port is filled in
// when it is 0.
UniqueFd make_listener(std::uint16_t* port);
// Connected as the parent would hand it over: nonblocking, NODELAY, SO_LINGER {1,0}; invalid and
// errno set when it can't be made.
UniqueFd connect_as_parent(std::uint16_t port);

class FakeParent {
 public:
  FakeParent(UniqueFd channel, UniqueFd log_reader, std::uint16_t origin_port);
  ~FakeParent();

  void arm(std::uint32_t index, UniqueFd listener);
  void disarm(std::uint32_t index);
  void drain(std::uint32_t within_ms);

  // What the next Connects get instead of a connection: 0, an errno, or a reason (negative).
  void answer_connects_with(int value) { answer_ = value; }
  // Hold answers back until release.
  void hold_answers(bool hold) { hold_ = hold; }

  int connects() const { return connects_; }
  int resets() const { return resets_; }
  int most_outstanding() const { return most_outstanding_; }
  bool drained() const { return drained_; }
  bool ready() const { return ready_; }
  bool broken() const { return broken_; }  // the worker broke the protocol
  std::vector<wire::AccessRecord> records() const;
  // Waits up to 5 s for that many records.
  std::vector<wire::AccessRecord> wait_for_records(std::size_t count) const;
  std::uint64_t dropped() const { return dropped_; }

 private:
  void run();
  void read_channel();
  void answer_connect(std::uint64_t id);
  void reset(std::uint64_t id, int client);
  void read_log();

  UniqueFd channel_;
  UniqueFd log_;
  UniqueFd wake_;
  std::uint16_t origin_port_;
  std::atomic<int> answer_{0};
  std::atomic<bool> hold_{false}, drained_{false}, ready_{false}, broken_{false}, stop_{false};
  std::atomic<int> connects_{0}, resets_{0}, most_outstanding_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::vector<std::uint64_t> held_;
  mutable std::mutex mutex_;
  std::vector<wire::AccessRecord> records_;
  std::string log_bytes_;
  std::thread thread_;
};

}  // namespace gatehouse::worker::testing
