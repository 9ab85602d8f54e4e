// SPDX-License-Identifier: Apache-2.0
// Whose limit it is: a keyed fingerprint of rule and value, so that nobody who chooses values can
// choose where in a table they meet.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/lists/siphash.h"
#include "proto/policy.pb.h"

namespace gatehouse::policy {

struct LimitKey {
  std::uint64_t fingerprint = 0;  // of rule and value; never 0
  std::uint64_t rule = 0;         // of the rule alone
};

// Makes the keys of one limit rule: of its name, its kind and for whom it counts, so that a limit
// goes on over a reload, also when its numbers change.
class LimitKeys {
 public:
  LimitKeys() = default;
  LimitKeys(lists::SipKey secret, std::string_view name, const wire::PolicyLimit& limit);

  LimitKey of(std::string_view value) const;

 private:
  lists::SipHash hash_{lists::SipKey{}};  // of what does not depend on the value
  std::uint64_t rule_ = 0;
};

}  // namespace gatehouse::policy
