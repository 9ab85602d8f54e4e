// SPDX-License-Identifier: Apache-2.0
// The policy floor of the administrator's own: what no rule of the policy could allow, by addresses
// and ports alone. A worker that is taken over can't get beneath it
// (policy/language/numeric_floor.h makes it). It only ever takes away: privileged/floor.h stands
// under it.
//
// Runs in: parent. Trusts: nothing of the rules but that they are within the bounds of
// privileged/settings.cc; whatever they are, a verdict takes three binary searches.
#pragma once

#include <cstdint>
#include <vector>

#include "base/address.h"

namespace gatehouse::privileged {

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};

// A place among the addresses of both families, in their order.
struct Place {
  std::uint32_t family = 0;
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const Place&) const = default;
};

// Which rules does one property of a connection match? A line of places, cut wherever one of the
// ranges begins or ends: between two cuts the answer, a bit for each rule, is the same.
class RuleIndex {
 public:
  using Bits = std::vector<std::uint64_t>;
  struct Cut {
    Place at;
    std::uint32_t set = 0;
    int change = 0;  // 1: a range of the set begins; -1: it has ended
  };

  // outside: of a place in no set. turned: by set, what being in it turns over.
  RuleIndex(const Bits& outside, const std::vector<Bits>& turned, std::vector<Cut> cuts);
  const std::uint64_t* at(const Place& place) const;

 private:
  std::size_t words_;
  std::vector<Place> cuts_;
  Bits bits_;  // words_ before the first cut, and after each
};

class PolicyFloor {
 public:
  static constexpr std::uint32_t kAny = ~0U;
  struct Term {
    std::uint32_t set = kAny;
    bool negated = false;
  };
  struct Rule {
    bool allow = false;
    bool needs_proof = false;
    Term client, destination;
    std::vector<PortRange> ports;  // none: any
  };
  using Sets = std::vector<std::vector<Network>>;

  // Each rule's terms are kAny or below sets.size().
  PolicyFloor(const Sets& sets, const std::vector<Rule>& rules);

  enum class Verdict { kAllowed, kDenied, kUnproved };
  // client: null where the peer speaks for others, whom only the worker knows. proved: the resolver
  // has found the destination among the addresses of a name of this client.
  Verdict judge(const IpAddress* client, const Endpoint& destination, bool proved) const;

 private:
  using Bits = RuleIndex::Bits;

  Bits allow_, needs_proof_, unknown_client_;
  RuleIndex clients_, destinations_, ports_;
};

}  // namespace gatehouse::privileged
