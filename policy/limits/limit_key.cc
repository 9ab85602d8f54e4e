// SPDX-License-Identifier: Apache-2.0
#include "policy/limits/limit_key.h"

#include <algorithm>

namespace gatehouse::policy {
namespace {

void add(std::string_view text, lists::SipHash* hash) {
  for (const char c : text) hash->add(static_cast<std::uint8_t>(c));
}

}  // namespace

LimitKeys::LimitKeys(lists::SipKey secret, std::string_view name, const wire::PolicyLimit& limit)
    : hash_(secret) {
  add(name, &hash_);
  hash_.add(0);
  hash_.add(static_cast<std::uint8_t>(limit.of_case()));
  hash_.add(static_cast<std::uint8_t>(limit.per()));
  add(limit.header(), &hash_);
  hash_.add(0);
  rule_ = hash_.result().first;
}

LimitKey LimitKeys::of(std::string_view value) const {
  lists::SipHash hash = hash_;
  add(value, &hash);
  return {std::max<std::uint64_t>(hash.result().first, 1), rule_};
}

}  // namespace gatehouse::policy
