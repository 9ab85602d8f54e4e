// SPDX-License-Identifier: Apache-2.0
// The counters of one worker slot: a size-sealed memfd, mapped shared by its writer (the worker)
// and read-only by readers, who clamp and never trust what they read.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace gatehouse {

// Only the worker writes; increments are relaxed single-writer stores.
struct MetricsPage {
  std::atomic<std::uint64_t> accepted;      // client connections
  std::atomic<std::uint64_t> open_clients;  // now
  std::atomic<std::uint64_t> exchanges;     // ended, of any kind
  std::atomic<std::uint64_t> refused;       // answered by the gateway with 4xx or 5xx
  std::atomic<std::uint64_t> upstream_failed;
  std::atomic<std::uint64_t> upstream_connects;  // asked of the parent
  std::atomic<std::uint64_t> upstream_reused;
  std::atomic<std::uint64_t> octets_in;        // from clients
  std::atomic<std::uint64_t> octets_out;       // to clients
  std::atomic<std::uint64_t> log_dropped;      // records that the pipe had no room for
  std::atomic<std::uint64_t> spliced;          // octets moved without a copy
  std::atomic<std::uint64_t> tunnels;          // of what isn't HTTP
  std::atomic<std::uint64_t> slow_peers;       // exchanges ended because content moved too slowly
  std::atomic<std::uint64_t> source_limited;   // connections above connections_per_source
  std::atomic<std::uint64_t> proxy_malformed;  // connections reset for their PROXY header

  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t n = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
};

inline constexpr std::size_t kMetricsPageSize = 4096;
static_assert(sizeof(MetricsPage) <= kMetricsPageSize);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace gatehouse
