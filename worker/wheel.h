// SPDX-License-Identifier: Apache-2.0
// Deadlines of sessions on one coarse timer wheel.
//
// A session has one Timer. Moving its deadline later is a store: the timer stays in its slot, and
// when that comes up it is put into the slot of the deadline it has by then.
// Invariants:
//  1. A timer never fires before its deadline, and in the first tick after it unless advance() was
//     told to fire no more.
//  2. While armed() is 0 nobody needs to call advance().
//  3. Filing a timer anew costs some nanoseconds and is not counted; firing one may cost its owner
//     system calls, and is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace gatehouse::worker {

class Wheel {
 public:
  static constexpr std::uint64_t kTickMs = 100;
  static constexpr std::size_t kSlots = 1024;  // 102 s; later deadlines take further rounds

  // Embedded by inheritance or as a member. Its owner disarms it before it dies.
  class Timer {
   public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    bool armed() const { return next_ != nullptr; }

   protected:
    // The deadline has passed; the timer is no longer armed and may be armed anew.
    virtual void on_deadline() = 0;
    virtual ~Timer() = default;

   private:
    friend class Wheel;
    Timer* next_ = nullptr;
    Timer* previous_ = nullptr;
    std::uint32_t deadline_ = 0;  // in ticks
    std::uint32_t slot_ = 0;      // the tick under which it is filed
  };

  explicit Wheel(std::uint64_t now_ms);
  Wheel(const Wheel&) = delete;
  Wheel& operator=(const Wheel&) = delete;

  // Fires delay_ms after now_ms (rounded up to a tick). An armed timer gets the new deadline.
  void arm(Timer* timer, std::uint64_t now_ms, std::uint64_t delay_ms);
  void disarm(Timer* timer);
  // Fires what is due at now_ms, at most `most` timers; true: there are more. Timers may be armed
  // and disarmed, and owners may die, in on_deadline() and before the rest is fired.
  bool advance(std::uint64_t now_ms, std::size_t most);
  std::size_t armed() const { return armed_; }

 private:
  struct Head final : Timer {
    void on_deadline() override {}
  };
  static void unlink(Timer* timer);
  void file(Timer* timer, std::uint32_t tick);
  void take_slot(std::uint32_t tick);
  bool run_due(std::size_t* most);

  std::array<Head, kSlots> heads_;
  Head due_;            // what is left of slot tick_
  std::uint32_t tick_;  // all slots up to this one have been taken
  std::size_t armed_ = 0;
};

}  // namespace gatehouse::worker
