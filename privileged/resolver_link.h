// SPDX-License-Identifier: Apache-2.0
// The resolver as the parent sees it: keeps it running, connects its sockets to the configured DNS
// servers, passes questions on and answers back.
//
// Trusts: nothing of an answer but its form; whoever asked judges the addresses.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "privileged/event_log.h"
#include "privileged/helper.h"

namespace gatehouse::privileged {

class ResolverLink {
 public:
  // No address: the name has none, or could not be resolved.
  using Answer = std::function<void(std::vector<IpAddress>, std::chrono::seconds ttl)>;

  ResolverLink(Loop& loop, EventLog& log, int spawner)
      : log_(log), helper_(loop, spawner, [this] { on_channel(); }) {}

  // Starts it anew with this configuration, and asks the new one what is still open; without
  // servers it is not started.
  void configure(std::vector<Endpoint> servers, int config_memfd);
  // answer is called exactly once, perhaps before this returns.
  void query(std::string_view name, Answer answer);

  void child_exited(const wire::Exited& exited);
  TimePoint next_deadline() const { return std::min(helper_.due_at(), next_timeout_); }
  void expire(TimePoint now);

 private:
  struct Query {
    std::string name;
    Answer answer;
    TimePoint deadline;
  };

  void start();
  void give_up();
  void ask(std::uint64_t id, Query query);
  void on_channel();
  void send_socket(std::uint32_t server, bool tcp);
  void finish(std::uint64_t id, std::vector<IpAddress> addresses, std::chrono::seconds ttl);

  EventLog& log_;
  Helper helper_;
  std::vector<Endpoint> servers_;
  UniqueFd config_;
  std::uint64_t last_query_ = 0;
  std::unordered_map<std::uint64_t, Query> queries_;
  TimePoint second_{};  // of which sockets_ were made
  unsigned sockets_ = 0;
  TimePoint next_timeout_ = TimePoint::max();
};

}  // namespace gatehouse::privileged
