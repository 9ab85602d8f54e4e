// SPDX-License-Identifier: Apache-2.0
// All names of a policy in one table: one look-up says which of its groups hold a host.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto/policy.pb.h"

namespace gatehouse::policy {

inline constexpr std::size_t kMaxName = 253;  // octets, RFC 1035 2.3.4 in text

// host as the index, lists and rules have it: in lower case, without a final dot. Into space; empty
// where it is too long to be a name or empty.
std::string_view normal_name(std::string_view host, std::span<char, kMaxName> space);

class NameIndex {
 public:
  // Names in group number group.
  void add(std::uint32_t group, const wire::PolicyNames& names);
  // Sets bit G of bits (64 to a word) for every group G that holds name, which is a normal_name.
  void match(std::string_view name, std::span<std::uint64_t> bits) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Groups {
    std::vector<std::uint32_t> exact, suffix;
  };
  std::unordered_map<std::string, Groups, Hash, std::equal_to<>> names_;
};

}  // namespace gatehouse::policy
