// SPDX-License-Identifier: Apache-2.0
#include "worker/wheel.h"

namespace gatehouse::worker {

Wheel::Wheel(std::uint64_t now_ms) : tick_(static_cast<std::uint32_t>(now_ms / kTickMs)) {
  for (Head& head : heads_) head.next_ = head.previous_ = &head;
  due_.next_ = due_.previous_ = &due_;
}

void Wheel::unlink(Timer* timer) {
  timer->previous_->next_ = timer->next_;
  timer->next_->previous_ = timer->previous_;
  timer->next_ = timer->previous_ = nullptr;
}

void Wheel::file(Timer* timer, std::uint32_t tick) {
  // Never into a slot that has been run, else the deadline would be a whole round late.
  if (static_cast<std::int32_t>(tick - tick_) <= 0) tick = tick_ + 1;
  if (tick - tick_ > kSlots) tick = tick_ + kSlots;  // filed anew when this slot comes up
  timer->slot_ = tick;
  Timer& head = heads_[tick % kSlots];
  timer->next_ = &head;
  timer->previous_ = head.previous_;
  head.previous_->next_ = timer;
  head.previous_ = timer;
}

void Wheel::arm(Timer* timer, std::uint64_t now_ms, std::uint64_t delay_ms) {
  timer->deadline_ = static_cast<std::uint32_t>((now_ms + delay_ms + kTickMs - 1) / kTickMs);
  if (timer->armed()) {
    if (static_cast<std::int32_t>(timer->deadline_ - timer->slot_) >= 0) return;
    unlink(timer);
  } else {
    // Time may have stood still while nothing was armed.
    if (armed_ == 0) tick_ = static_cast<std::uint32_t>(now_ms / kTickMs);
    ++armed_;
  }
  file(timer, timer->deadline_);
}

void Wheel::disarm(Timer* timer) {
  if (!timer->armed()) return;
  unlink(timer);
  --armed_;
}

bool Wheel::advance(std::uint64_t now_ms, std::size_t most) {
  const auto now = static_cast<std::uint32_t>(now_ms / kTickMs);
  // After a long sleep of the host one round over all slots finds everything.
  if (static_cast<std::int32_t>(now - tick_) > static_cast<std::int32_t>(kSlots)) {
    tick_ = now - kSlots;
  }
  for (;;) {
    if (!run_due(&most)) return true;
    if (static_cast<std::int32_t>(now - tick_) <= 0) return false;
    take_slot(++tick_);
  }
}

// A list of their own, as a handler may arm into this very slot.
void Wheel::take_slot(std::uint32_t tick) {
  Head& head = heads_[tick % kSlots];
  if (head.next_ == &head) return;
  due_.next_ = head.next_;
  due_.previous_ = head.previous_;
  due_.next_->previous_ = due_.previous_->next_ = &due_;
  head.next_ = head.previous_ = &head;
}

// False: *most was not enough.
bool Wheel::run_due(std::size_t* most) {
  while (due_.next_ != &due_) {
    Timer* timer = due_.next_;
    if (static_cast<std::int32_t>(timer->deadline_ - tick_) > 0) {
      unlink(timer);
      file(timer, timer->deadline_);
      continue;
    }
    if (*most == 0) return false;
    --*most;
    unlink(timer);
    --armed_;
    timer->on_deadline();
  }
  return true;
}

}  // namespace gatehouse::worker
