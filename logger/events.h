// SPDX-License-Identifier: Apache-2.0
// The operational log: one sentence a line on standard error, and no source can flood it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "logger/target.h"
#include "proto/log.pb.h"

namespace gatehouse::logger {

// Who speaks, and how much of it is let through.
struct Source {
  enum class Kind { kParent, kWorker, kRegistrar, kLogger };
  Kind kind = Kind::kLogger;
  unsigned slot = 0;  // of a worker

  auto operator<=>(const Source&) const = default;
};

class Events {
 public:
  // Lines go to *target.
  explicit Events(Target* target) : target_(target) {}

  // `gatehoused: LEVEL: text`, for a worker `gatehouse-worker SLOT: LEVEL: text`. text is escaped
  // and cut after 1 KiB. now_us: a steady clock.
  void write(const Source& source, wire::EventRecord::Level level, std::string_view text,
             std::uint64_t now_us);

  // Says how much was held back, for sources that may speak again. True: some still wait.
  bool report_held_back(std::uint64_t now_us);

 private:
  // A token bucket in millionths of a message.
  struct Budget {
    std::uint64_t level;
    std::uint64_t filled_us = 0;
    std::uint64_t held_back = 0;
  };
  Budget& refilled_budget(const Source& source, std::uint64_t now_us);
  bool spend(Budget* budget);
  void append(const Source& source, wire::EventRecord::Level level, std::string_view text);
  void report(const Source& source, Budget* budget);

  Target* target_;
  // Kept for ever: a worker that restarts has the budget of its slot. Slots are bounded.
  std::map<Source, Budget> budgets_;
  std::string line_;
};

}  // namespace gatehouse::logger
