// SPDX-License-Identifier: Apache-2.0
#include "worker/upstream_group.h"

#include <algorithm>

#include "base/address.h"

namespace gatehouse::worker {

UpstreamGroup::UpstreamGroup(const wire::ConfigUpstream& config, LogPipe* log)
    : config_(config), log_(log), health_(static_cast<std::size_t>(config.servers_size())) {}

std::optional<UpstreamGroup::Index> UpstreamGroup::pick(std::span<const Index> tried,
                                                        std::uint64_t now_ms) {
  std::optional<Index> first_back;
  for (std::size_t i = 0; i < health_.size(); ++i) {
    const auto server = static_cast<Index>((next_ + i) % health_.size());
    if (std::find(tried.begin(), tried.end(), server) != tried.end()) continue;
    if (health_[server].down_until_ms <= now_ms) {
      next_ = server + std::size_t{1};
      return server;
    }
    if (!first_back || health_[server].down_until_ms < health_[*first_back].down_until_ms) {
      first_back = server;
    }
  }
  return tried.empty() ? first_back : std::nullopt;
}

void UpstreamGroup::note_failure(Index server, std::string_view why, std::uint64_t now_ms) {
  Health& health = health_[server];
  ++health.failures;
  if (config_.fails() == 0 || health.failures < config_.fails()) return;
  if (health.down_until_ms > now_ms) return;  // found down by another request already
  const bool was_up = health.down_until_ms == 0;
  health.down_until_ms = now_ms + config_.down_ms();
  if (!was_up) return;  // one line for each time that it goes down
  log_->event(wire::EventRecord::WARNING, describe(server) + " is down: " + std::string(why) +
                                              ", failure " + std::to_string(health.failures) +
                                              " in a row; no request goes to it for " +
                                              std::to_string(config_.down_ms()) + " ms");
}

void UpstreamGroup::note_success(Index server) {
  Health& health = health_[server];
  health.failures = 0;
  if (health.down_until_ms == 0) return;
  health.down_until_ms = 0;
  log_->event(wire::EventRecord::INFO, describe(server) + " is up again: it has answered");
}

std::string UpstreamGroup::describe(Index server) const {
  const wire::ConfigEndpoint& endpoint = config_.servers(server);
  const Endpoint address{address_from_bytes(endpoint.address()).value_or(IpAddress{}),
                         static_cast<std::uint16_t>(endpoint.port())};
  return "upstream " + config_.name() + ": server " + to_string(address);
}

}  // namespace gatehouse::worker
