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
#include "policy/lists/compile.h"

namespace gatehouse::policy {

struct Members {
  std::vector<Network> networks;
  std::vector<std::string> exact, suffixes;  // as wire::PolicyNames

  bool has_names() const { return !exact.empty() || !suffixes.empty(); }
  void add(const Members& more);
};

// Adds an address, a network, a host or a .suffix. Why not, as a sentence; empty: it is added.
std::string add_member(std::string_view text, Members* members);

struct NamedList {
  std::string path;
  lists::Form form;
  bool detected;                        // the form is
  std::optional<std::uint32_t> number;  // once a rule uses it
};

struct NamedSet {
  Word name;
  Members members;
  std::optional<NamedList> list;  // then it has no members here
  bool used = false;
  std::optional<std::uint32_t> networks, names;  // indexes in the compiled policy, once it has them

  bool has_names() const {
    return list ? list->form != lists::Form::kNetworks : members.has_names();
  }
};

class Sets {
 public:
  Sets(Files* files, Findings* errors, Findings* warnings)
      : files_(files), errors_(errors), warnings_(warnings) {}

  void define(const WrittenSet& set);
  void define(const WrittenList& list);
  // The set that a reference is about, null (and said why) where there is none above it.
  NamedSet* find(const Word& reference);
  // The number that rules call a list by: they count from 0 in the order in which they are used.
  std::uint32_t number_of(NamedSet* set);
  bool has_names(std::uint32_t number) const { return used_lists_[number]->has_names(); }
  // By number, as compile_lists() takes them. They read by files.
  std::vector<lists::ListFile> used_lists() const;
  void warn_of_unused();

 private:
  NamedSet* add(const Word& name);
  // What the statement says, or the file looks like. Nothing (and said why) where neither helps.
  std::optional<lists::Form> form_of(const WrittenList& list, const std::string& path);

  Files* files_;
  Findings* errors_;
  Findings* warnings_;
  std::map<std::string, NamedSet, std::less<>> sets_;
  std::vector<const NamedSet*> used_lists_;
};

}  // namespace gatehouse::policy
