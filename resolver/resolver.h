// SPDX-License-Identifier: Apache-2.0
// Questions of the parent, answered from the cache or by the configured DNS servers in turn.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "resolver/cache.h"
#include "resolver/dns_server.h"

namespace gatehouse::resolver {

class Resolver {
 public:
  // ttl in seconds; no address: there is none, or nobody could say.
  using Answer =
      std::function<void(std::uint64_t id, const std::vector<IpAddress>&, std::uint32_t ttl)>;

  // tries: how often each server is asked before a question has no answer.
  Resolver(std::vector<std::unique_ptr<DnsServer>> servers, unsigned tries, Answer answer)
      : servers_(std::move(servers)), tries_(tries), answer_(std::move(answer)) {}

  void query(std::uint64_t id, const std::string& name, std::uint64_t now_ms);
  DnsServer* server(std::size_t index) {
    return index < servers_.size() ? servers_[index].get() : nullptr;
  }
  std::size_t servers() const { return servers_.size(); }
  void set_now(std::uint64_t now_ms) { now_ms_ = now_ms; }

 private:
  struct Open {
    std::vector<std::uint64_t> askers;
    unsigned attempt = 0;
  };

  void ask(const std::string& name);
  void replied(const std::string& name, DnsServer::Reply reply);

  std::vector<std::unique_ptr<DnsServer>> servers_;
  unsigned tries_;
  Answer answer_;
  Cache cache_{16'384};
  std::map<std::string, Open> open_;  // by name; one question at a time for each
  std::uint64_t now_ms_ = 0;
};

}  // namespace gatehouse::resolver
