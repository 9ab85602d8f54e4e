// SPDX-License-Identifier: Apache-2.0
// Named sets and lists: what @NAME stands for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "policy/language/document.h"
#include "policy/language/files.h"
#include "policy/language/findings.h"

namespace gatehouse::policy {

struct Members {
  std::vector<Network> networks;
  std::vector<std::string> exact, suffixes;  // as wire::PolicyNames

  bool has_names() const { return !exact.empty() || !suffixes.empty(); }
  void add(const Members& more);
};

// Adds an address, a network, a host or a .suffix. Why not, as a sentence; empty: it is added.
std::string add_member(std::string_view text, Members* members);

struct NamedSet {
  Word name;
  Members members;
  bool used = false;
  std::optional<std::uint32_t> networks, names;  // indexes in the compiled policy, once it has them
};

class Sets {
 public:
  Sets(Files* files, Findings* errors, Findings* warnings)
      : files_(files), errors_(errors), warnings_(warnings) {}

  void define(const WrittenSet& set);
  void define(const WrittenList& list);
  // The set that a reference is about, null (and said why) where there is none above it.
  NamedSet* find(const Word& reference);
  void warn_of_unused();

 private:
  NamedSet* add(const Word& name);
  void read_list(const std::string& path, std::string_view text, NamedSet* set);

  Files* files_;
  Findings* errors_;
  Findings* warnings_;
  std::map<std::string, NamedSet, std::less<>> sets_;
  std::size_t octets_ = 0;
};

}  // namespace gatehouse::policy
