// SPDX-License-Identifier: Apache-2.0
// The acls of one http_access line, put together into the conditions of one rule. Each kind may
// stand once in a rule, so that what is of one kind is computed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/squid/acl.h"

namespace gatehouse::squid {

// Sets that rules refer to, each written once.
class SetWriter {
 public:
  // members, as values of a condition: themselves where they are few, else "@NAME" of a set that
  // is written to *text. name: what the set is called if no other is called so.
  std::string refer(const std::string& name, const std::vector<std::string>& members,
                    std::string* text);

 private:
  std::map<std::string, std::vector<std::string>> sets_;
};

class Conditions {
 public:
  // Why the acl can't be a condition here, as a clause; nothing: it is.
  std::optional<std::string> add(const std::string& name, const Meaning& meaning, bool negated);

  bool never() const;  // no request matches
  bool empty() const;  // every request matches
  // One or more rules; each is what stands behind its name. sets: of those that they need.
  std::vector<std::string> rules(SetWriter* sets, std::string* text) const;

 private:
  struct One {  // of a kind of which a rule has only one
    std::string name;
    std::vector<std::string> members;
    bool negated = false;
  };
  std::optional<std::string> add_to(const std::string& name, std::vector<std::string> members,
                                    bool negated);
  std::optional<std::string> add_network(const std::string& name, const Meaning& meaning,
                                         bool negated);
  void add_methods(const std::set<std::string>& words, bool negated);

  bool never_ = false;
  Addresses from_ = Addresses::all();
  std::optional<One> from_name_;  // of the one acl that from_ is
  int from_count_ = 0;
  Ports ports_ = Ports::all(kMostPort), listeners_ = Ports::all(kMostPort);
  bool negated_ = false;                          // the last acl of ports
  std::optional<std::set<std::string>> methods_;  // only these
  std::set<std::string> other_methods_;           // none of these
  std::optional<One> to_, when_;
  std::vector<std::string> headers_;
};

}  // namespace gatehouse::squid
