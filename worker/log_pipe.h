// SPDX-License-Identifier: Apache-2.0
// The worker's end of its log pipe: records are collected and written together, never blocking.
//
// What finds no room is dropped and counted; the count goes before the next record that fits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/metrics_page.h"
#include "base/unique_fd.h"
#include "proto/log.pb.h"
#include "worker/poller.h"

namespace gatehouse::worker {

class LogPipe final : private EventHandler {
 public:
  static constexpr std::size_t kCapacity = 256 * 1024;
  // Under load records are collected up to here, so that a write is shared by many of them.
  static constexpr std::size_t kWorthWriting = 8 * 1024;

  LogPipe(UniqueFd fd, Poller* poller, MetricsPage* metrics);
  LogPipe(const LogPipe&) = delete;
  LogPipe& operator=(const LogPipe&) = delete;
  ~LogPipe() { poller_->release(&slot_); }

  void write(const wire::AccessRecord& record);
  // One sentence for the operational log.
  void event(wire::EventRecord::Level level, std::string_view text);
  // At the end of a turn. busy: more turns follow at once, so a small amount may wait.
  void flush(bool busy);
  std::size_t waiting() const { return end_ - begin_; }

 private:
  void on_events(unsigned, Events events) override {
    if (events.writable) writable_ = true;
  }
  // Appends length, LogRecord tag and the record; false: no room.
  template <class Record>
  bool append(int field, const Record& record);
  template <class Record>
  void add(int field, const Record& record);

  UniqueFd fd_;
  Poller* poller_;
  MetricsPage* metrics_;
  PollSlot slot_;
  std::vector<std::uint8_t> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t dropped_ = 0;
  bool writable_ = true;
};

}  // namespace gatehouse::worker
