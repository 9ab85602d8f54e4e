// SPDX-License-Identifier: Apache-2.0
#include "policy/name_index.h"

#include <algorithm>

namespace gatehouse::policy {
namespace {

void set(std::span<std::uint64_t> bits, const std::vector<std::uint32_t>& groups) {
  for (const std::uint32_t group : groups) bits[group / 64] |= std::uint64_t{1} << (group % 64);
}

}  // namespace

std::string_view normal_name(std::string_view host, std::span<char, kMaxName> space) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > space.size()) return {};
  std::transform(host.begin(), host.end(), space.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return {space.data(), host.size()};
}

void NameIndex::add(std::uint32_t group, const wire::PolicyNames& names) {
  for (const std::string& name : names.exact()) names_[name].exact.push_back(group);
  for (const std::string& name : names.suffixes()) names_[name].suffix.push_back(group);
}

void NameIndex::match(std::string_view name, std::span<std::uint64_t> bits) const {
  if (names_.empty()) return;
  if (const auto found = names_.find(name); found != names_.end()) {
    set(bits, found->second.exact);
    set(bits, found->second.suffix);
  }
  for (std::size_t dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
    name.remove_prefix(dot + 1);
    if (const auto found = names_.find(name); found != names_.end()) {
      set(bits, found->second.suffix);
    }
  }
}

}  // namespace gatehouse::policy
