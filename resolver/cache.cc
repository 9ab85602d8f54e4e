// SPDX-License-Identifier: Apache-2.0
#include "resolver/cache.h"

#include <utility>

namespace gatehouse::resolver {

const CachedAnswer* Cache::find(const std::string& name, std::uint64_t now_ms) const {
  const auto found = answers_.find(name);
  if (found == answers_.end() || found->second.expiry_ms <= now_ms) return nullptr;
  return &found->second;
}

void Cache::put(const std::string& name, CachedAnswer answer, std::uint64_t now_ms) {
  if (answers_.size() >= max_names_ && !answers_.contains(name)) make_room(now_ms);
  answers_[name] = std::move(answer);
}

void Cache::make_room(std::uint64_t now_ms) {
  std::erase_if(answers_, [&](const auto& entry) { return entry.second.expiry_ms <= now_ms; });
  const std::size_t wanted = max_names_ - max_names_ / 10 - 1;
  while (answers_.size() > wanted) answers_.erase(answers_.begin());
}

}  // namespace gatehouse::resolver
