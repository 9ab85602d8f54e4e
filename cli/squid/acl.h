// SPDX-License-Identifier: Apache-2.0
// What the acls of a squid.conf mean in the words of a rule file, where they mean exactly that.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/squid/addresses.h"
#include "cli/squid/lines.h"

namespace gatehouse::squid {

using Ports = IntervalSet<std::uint32_t>;
inline constexpr std::uint32_t kMostPort = 65'535;

// One acl. Which member counts is said by kind.
struct Meaning {
  enum class Kind : std::uint8_t {
    kUnknown,    // why
    kFrom,       // addresses
    kTo,         // members of a `to`, names and addresses
    kToNetwork,  // addresses; where a name is, known only once it is resolved
    kPort,       // ports
    kListener,   // ports
    kMethod,     // words
    kWhen,       // words: each the value of a `when`, any of them
    kHeader,     // field, regex
    kNever,      // of no request that the gateway serves
    kAlways,
  };
  Kind kind = Kind::kUnknown;
  std::string why;  // a clause
  Addresses addresses;
  Ports ports{kMostPort};
  std::set<std::string> words;
  std::string field, regex;
};

struct AclValue {
  std::string text;
  bool ignore_case;  // of an expression
};
// lines: the values of each line that the acl has. zone: of hours (tz database); empty: not known.
Meaning meaning_of(const std::string& type, const std::vector<std::vector<AclValue>>& lines,
                   const std::string& zone);

class Acls {
 public:
  Acls(const Sources& sources, std::string zone) : sources_(sources), zone_(std::move(zone)) {}

  // A line "acl NAME TYPE ...". What is wrong with it is found when it is used.
  void define(const Directive& directive);
  // Null: there is none of this name.
  const Meaning* find(const std::string& name);
  std::optional<Place> place(const std::string& name) const;

 private:
  struct Acl {
    Place place;  // of its first line
    std::string type;
    std::vector<std::vector<AclValue>> lines;
    std::string problem;
    std::optional<Meaning> meaning;
  };
  void add_built_in(const std::string& name, const std::string& type,
                    const std::vector<std::string>& values);
  void add_values(const Directive& directive, std::size_t from, Acl* acl);
  bool add_file(const std::string& word, bool ignore_case, std::vector<AclValue>* values,
                std::string* why) const;

  const Sources& sources_;
  std::string zone_;
  std::map<std::string, Acl> acls_;
  bool built_in_ = false;
};

}  // namespace gatehouse::squid
