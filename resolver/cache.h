// SPDX-License-Identifier: Apache-2.0
// The only DNS cache of the gateway: answers until their TTL is over, for all workers.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/address.h"

namespace gatehouse::resolver {

struct CachedAnswer {
  std::vector<IpAddress> addresses;  // none: the name has no address
  std::uint64_t expiry_ms = 0;       // CLOCK_MONOTONIC
};

// Bounded: at most max_names; when full, what has expired goes, then an arbitrary tenth.
class Cache {
 public:
  explicit Cache(std::size_t max_names) : max_names_(max_names) {}

  // Nothing where the name is unknown or its answer has expired. The pointer is valid until put().
  const CachedAnswer* find(const std::string& name, std::uint64_t now_ms) const;
  void put(const std::string& name, CachedAnswer answer, std::uint64_t now_ms);
  std::size_t size() const { return answers_.size(); }

 private:
  void make_room(std::uint64_t now_ms);

  std::size_t max_names_;
  std::unordered_map<std::string, CachedAnswer> answers_;
};

}  // namespace gatehouse::resolver
