// SPDX-License-Identifier: Apache-2.0
// One term of a rule: from its words to its compiled form.
#pragma once

#include <map>
#include <string>

#include "policy/language/document.h"
#include "policy/language/files.h"
#include "policy/language/findings.h"
#include "policy/language/sets.h"
#include "proto/policy.pb.h"

namespace gatehouse::policy {

class Terms {
 public:
  Terms(Files* files, Sets* sets, Findings* errors, wire::Policy* policy)
      : files_(files), sets_(sets), errors_(errors), policy_(policy) {}

  // Not for kUnverified, which is no condition.
  void compile(const WrittenTerm& written, wire::PolicyTerm* term);

 private:
  void from(const WrittenTerm& written, wire::PolicyTerm* term);
  void to(const WrittenTerm& written, wire::PolicyTo* to);
  void label(const WrittenTerm& written, wire::PolicyWords* words);
  void listener(const WrittenTerm& written, wire::PolicyListeners* listeners);
  void port(const WrittenTerm& written, wire::PolicyPorts* ports);
  void method(const WrittenTerm& written, wire::PolicyWords* words);
  void path(const WrittenTerm& written, wire::PolicyTexts* texts);
  void header(const WrittenTerm& written, wire::PolicyHeader* header);
  void when(const WrittenTerm& written, wire::PolicyTimes* times);
  void status(const WrittenTerm& written, wire::PolicyPorts* statuses);
  void type(const WrittenTerm& written, wire::PolicyTexts* types);
  void size(const WrittenTerm& written, wire::PolicyTerm* term);
  void regex(const Word& item, wire::PolicyTexts* texts);
  // Words other than plain ones and texts are no such thing: said, and false.
  bool is_text(const Word& item, std::string_view what);
  std::uint32_t networks_index(const std::vector<Network>& networks,
                               const std::vector<std::uint32_t>& lists = {});
  std::uint32_t names_index(const Members& members);
  std::optional<std::uint32_t> zone_index(const Word& name);

  Files* files_;
  Sets* sets_;
  Findings* errors_;
  wire::Policy* policy_;
  std::map<std::string, std::uint32_t> zones_;
  // What several rules say stands once.
  std::map<std::string, std::uint32_t> networks_, names_;
};

}  // namespace gatehouse::policy
