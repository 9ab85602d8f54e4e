// SPDX-License-Identifier: Apache-2.0
// The servers of one upstream of the configuration, as this worker has found them to be: round
// robin over those that answer, passive health checks.
//
// Invariants:
//  1. So many failures in a row (ConfigUpstream.fails) make a server down for a time (down_ms);
//  after
//     it the server gets requests again, and one more failure makes it down at once.
//  2. Where all are down, the one whose time ends first is tried nevertheless: no answer could be
//     worse than none.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/config.pb.h"
#include "worker/log_pipe.h"

namespace gatehouse::worker {

class UpstreamGroup {
 public:
  using Index = std::uint16_t;  // of a server within the group

  UpstreamGroup(const wire::ConfigUpstream& config, LogPipe* log);

  const wire::ConfigUpstream& config() const { return config_; }
  std::uint32_t id(Index server) const { return config_.servers(server).id(); }

  // The server that is next. Nothing where all that are up have been tried.
  std::optional<Index> pick(std::span<const Index> tried, std::uint64_t now_ms);
  // why: for the log, a clause.
  void note_failure(Index server, std::string_view why, std::uint64_t now_ms);
  void note_success(Index server);

 private:
  struct Health {
    std::uint32_t failures = 0;       // in a row
    std::uint64_t down_until_ms = 0;  // 0: up
  };
  std::string describe(Index server) const;

  wire::ConfigUpstream config_;
  LogPipe* log_;
  std::vector<Health> health_;
  std::size_t next_ = 0;
};

}  // namespace gatehouse::worker
