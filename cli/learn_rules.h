// SPDX-License-Identifier: Apache-2.0
// An allow-list from what was allowed: which network asked whom, on which port, with which methods.
//
// Trusts: nothing of a record. Only addresses, ports and names that rule files take as such get
// into the text; the rest is counted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "cli/logs/record.h"

namespace gatehouse::cli {

struct LearnOptions {
  std::vector<Network> groups;  // clients of these together; others by /24 and /64
  std::size_t fold = 3;         // so many names of one domain are the domain; 0: none are
  std::uint64_t at_least = 1;   // requests, for a name or an address to be allowed
  std::optional<wire::ConfigMode> listener;  // where a log doesn't tell
};

class Learner {
 public:
  explicit Learner(LearnOptions options) : options_(std::move(options)) {}

  void add(const logs::Record& record);
  std::uint64_t records() const { return records_; }
  // A whole rule file. The error: it would be larger than a rule file may be.
  Result<std::string> rules() const;

 private:
  enum Methods : unsigned { kReads = 1, kConnect = 2, kOthers = 4, kNoHttp = 8 };
  enum class Kind : std::uint8_t { kNames, kUnverified, kAddresses };
  struct Seen {
    std::uint64_t requests = 0;
    std::int64_t last = 0;
    unsigned methods = 0;
    std::size_t names = 1;  // beneath a domain
  };
  struct Wanted {  // by one network
    bool is_name;
    std::uint16_t port;
    std::string text;
    auto operator<=>(const Wanted&) const = default;
  };
  struct Asked {
    Seen seen;
    bool unverified = false;  // it was allowed at an address that wasn't known to be its own
  };
  struct Group {
    std::map<Wanted, Asked> wanted;
    std::set<std::string> clients;  // at most kMaxClients
    std::uint64_t requests = 0;
  };
  struct RuleKey {
    std::uint16_t port;
    Kind kind;
    unsigned methods;
    auto operator<=>(const RuleKey&) const = default;
  };
  using Targets = std::map<std::string, Seen>;

  std::string group_of(const IpAddress& client) const;
  std::map<RuleKey, Targets> rules_of(const Group& group) const;
  Targets folded(const Targets& names) const;
  void write_group(std::size_t number, const std::string& network, const Group& group,
                   std::string* text) const;
  std::string head() const;

  LearnOptions options_;
  std::map<std::string, Group> groups_;
  std::size_t wanted_ = 0;
  std::uint64_t records_ = 0, allowed_ = 0, left_out_ = 0;
  std::int64_t first_ = 0, last_ = 0;
};

}  // namespace gatehouse::cli
