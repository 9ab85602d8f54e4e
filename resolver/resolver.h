// SPDX-License-Identifier: Apache-2.0
// Questions of the parent, answered from the cache or by the configured DNS servers in turn.
//
// Not here: how a server is asked (resolver/dns_server.h).
// Invariants:
//  1. Every query is answered exactly once.
//  2. A name is asked for once at a time, however many want to know it.
//  3. "There is no such address" is said only by servers; where none could say, the answer is kept
//     for moments only.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "resolver/cache.h"
#include "resolver/dns_answer.h"

namespace gatehouse::resolver {

class Resolver {
 public:
  using Done = std::function<void(RecordType, Reply)>;
  // Asks the server of this index; false where it can't take the question. done is called once for
  // each type, and not before this returns.
  using Ask = std::function<bool(std::size_t server, const std::string& name,
                                 const std::vector<RecordType>& types, Done done)>;
  // ttl in seconds; no address: there is none, or nobody could say.
  using Answer =
      std::function<void(std::uint64_t id, const std::vector<IpAddress>&, std::uint32_t ttl)>;

  // servers: 1..8. tries: how often each is asked before a question has no answer.
  Resolver(std::size_t servers, unsigned tries, Ask ask, Answer answer);

  void query(std::uint64_t id, const std::string& name, std::uint64_t now_ms);
  void set_now(std::uint64_t now_ms) { now_ms_ = now_ms; }
  std::size_t open_questions() const { return open_.size(); }

 private:
  struct Half {
    bool finished = false;
    unsigned attempts = 0;
    unsigned asked = 0;  // servers of this round, as bits
    Reply reply;
  };
  struct Open {
    std::vector<std::uint64_t> askers;
    std::array<Half, 2> halves;  // A, AAAA
  };
  struct Health {
    unsigned silences = 0;  // since it was last heard
    std::uint64_t next_probe_ms = 0;
  };

  std::size_t choose(unsigned asked);
  void ask(const std::string& name, const std::vector<RecordType>& types);
  void replied(const std::string& name, std::size_t server, RecordType type, Reply reply);
  bool should_retry(const Open& open, const Half& half) const;
  void finish_if_complete(const std::string& name);

  std::vector<Health> servers_;
  unsigned tries_;
  Ask ask_;
  Answer answer_;
  Cache cache_;
  std::unordered_map<std::string, Open> open_;
  std::uint64_t now_ms_ = 0;
};

}  // namespace gatehouse::resolver
