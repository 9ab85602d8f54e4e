// SPDX-License-Identifier: Apache-2.0
#include "worker/limit_holds.h"

#include "base/check.h"

namespace gatehouse::worker {

void LimitHolds::beat(std::uint64_t now_ns) {
  const std::uint32_t epoch = policy::ConnectionTable::epoch_at(now_ns);
  if (epoch == epoch_) return;
  const bool late = epoch != epoch_ + 1;  // the one before has nothing of ours either
  epoch_ = epoch;
  for (const auto& [fingerprint, held] : held_) {
    if (late) table_->publish(held.key, epoch - 1, held.count);
    table_->publish(held.key, epoch, held.count);
  }
}

bool LimitHolds::enter(const policy::LimitKey& key, std::uint32_t most, std::uint64_t now_ns) {
  beat(now_ns);
  if (!table_->enter(key, epoch_, most)) return false;
  Held& held = held_[key.fingerprint];
  held.key = key;
  ++held.count;
  return true;
}

void LimitHolds::leave(const policy::LimitKey& key, std::uint64_t now_ns) {
  beat(now_ns);
  table_->leave(key, epoch_);
  const auto held = held_.find(key.fingerprint);
  CHECK(held != held_.end());
  if (--held->second.count == 0) held_.erase(held);
}

}  // namespace gatehouse::worker
