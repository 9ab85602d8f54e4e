// SPDX-License-Identifier: Apache-2.0
// What the parent knows about one worker process. Shared by supervisor (its life) and broker (what
// it asks for).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/unique_fd.h"
#include "privileged/loop.h"
#include "privileged/settings.h"
#include "proto/to_worker.pb.h"

namespace gatehouse::privileged {

// A message that is wrong for its phase ends the worker. Named in supervisor.cc.
enum class Phase {
  kInit,      // exec'd; may say Ready
  kArmed,     // attested, holds listeners
  kDraining,  // holds no listener, finishes exchanges
  kDead,      // its channel is closed, its process may still be there
};

// The token bucket of one client connection.
struct Bucket {
  double tokens = 0;
  TimePoint filled;
};

// A name's address that one client connection may be connected to (forward mode).
struct Grant {
  std::uint64_t cookie = 0;  // of the client connection
  IpAddress address;
  TimePoint expiry;
};

struct WorkerHandle {
  std::uint32_t child = 0;  // the spawner's name for it, never reused
  unsigned slot = 0;
  Mode mode = Mode::kTransparent;                // of the listeners that it may hold
  std::shared_ptr<const Settings> started_with;  // what its endpoint ids mean
  Phase phase = Phase::kInit;
  pid_t pid = 0;  // kernel-stamped on Ready
  UniqueFd channel;
  UniqueFd log_pipe;       // read end, kept for a restarted logger
  bool explained = false;  // its end needs no line any more: asked for, or already logged
  TimePoint since;         // start
  TimePoint full_since = TimePoint::max();  // its queue has no room for an Arm
  TimePoint deadline;                       // of INIT and DRAINING
  std::set<std::uint64_t> outstanding;  // request ids without an answer, at most kMaxOutstanding
  wire::ToWorker replies;               // of this turn, not sent yet
  std::vector<UniqueFd> reply_fds;      // of those that are Connected, in their order
  std::unordered_map<std::uint64_t, Bucket> buckets;  // by SO_COOKIE; full ones are forgotten
  std::size_t sweep_buckets_at = 1024;
  std::map<std::uint64_t, Grant> grants;  // by number, at most kMaxGrants, the oldest goes first
  // Client connections (SO_COOKIE) whose destination the resolver has found among the addresses of
  // a name (transparent mode); at most kMaxProved, the oldest goes first.
  std::set<std::uint64_t> proved;
  // Whose policy it decides by, and which one until a moment ago.
  std::shared_ptr<const Settings> policy, policy_before;
  TimePoint policy_before_until;
};

inline constexpr std::size_t kMaxOutstanding = 64;
inline constexpr std::size_t kMaxGrants = 8192;
inline constexpr std::size_t kMaxProved = 16384;

}  // namespace gatehouse::privileged
