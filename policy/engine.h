// SPDX-License-Identifier: Apache-2.0
// The policy engine: which rule decides about a request?
//
// Runs in: workers and the command line; never in privileged/. Pure: no I/O, no clock.
// Trusts: the compiled policy for its form only (make() refuses indexes that lead nowhere); nothing
// of a request.
// Invariants:
//  1. The last rule has no terms, so there is always a decision.
//  2. A rule that needs to know whether the name is verified asks last of all its terms: nobody
//     waits for a name that would not matter.
//  3. Rules about the response decide nothing about the request: decide() only says which of them
//     are to be asked when the response is there (decide_response()).
//  4. One thread: decide() keeps what it has found out about a request in the engine.
// Not here: rule files (policy/language/).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/lists/lists_view.h"
#include "policy/name_index.h"
#include "policy/network_set.h"
#include "policy/request.h"
#include "policy/text_pattern.h"
#include "proto/policy.pb.h"

namespace gatehouse::policy {

inline constexpr std::uint32_t kPolicyVersion = 1;

// In the order in which they are looked at.
enum class TermKind : std::uint8_t {
  kFrom,
  kLabel,
  kListener,
  kPort,
  kMethod,
  kTo,
  kPath,
  kHeader,
  kWhen,
  kVerified,
  // Of the response.
  kStatus,
  kType,
  kSize
};
// "from", "to", ... as in a rule file.
std::string_view term_name(TermKind kind);

struct Term {
  TermKind kind;
  bool negated = false;
  std::uint32_t networks = 0;                // kFrom
  std::uint64_t lists = 0;                   // kTo: a bit for each
  const wire::PolicyTerm* source = nullptr;  // the engine's
  std::unique_ptr<TextPattern> pattern;      // kPath, kHeader with a value, kType
};

struct Rule {
  const wire::PolicyRule* source = nullptr;  // the engine's
  std::vector<Term> terms;
  LimitKeys keys;  // of a limit

  wire::PolicyVerb verb() const { return source->verb(); }
  const std::string& name() const { return source->name(); }
  bool decides() const { return verb() <= wire::POLICY_DENY; }
  // The last term is of the response, as others come before them.
  bool asks_response() const { return !terms.empty() && terms.back().kind >= TermKind::kStatus; }
};
// "allow", "deny", ...
std::string_view verb_name(wire::PolicyVerb verb);

// The way of one request through the rules.
struct Trace {
  struct Step {
    const Rule* rule;
    const Term* failed;  // the first term that did not match; null: the rule matched
  };
  std::vector<Step> steps;
};

// rules: Decision.later. Pure.
ResponseDecision decide_response(std::span<const Rule* const> rules, const Response& response);

class Engine {
 public:
  // serialized: a wire::Policy. lists: what it names them of; its blob outlives the engine.
  static Result<std::unique_ptr<Engine>> make(std::string_view serialized,
                                              std::optional<lists::ListsView> lists = {});
  // From now on decisions have claims, with keys of this secret: the same for all that share a
  // table of limits.
  void set_secret(const lists::SipKey& secret);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Fills in *decision. trace may be null.
  void decide(const Request& request, Decision* decision, Trace* trace = nullptr);

  bool has_limits() const { return has_limits_; }
  // Some rule looks at the time.
  bool uses_time() const { return uses_time_; }
  // Some rule looks at labels.
  bool uses_labels() const { return uses_labels_; }
  const std::vector<Rule>& rules() const { return rules_; }

 private:
  explicit Engine(std::optional<lists::ListsView> lists) : lists_(lists) {}

  Status build();
  Status build_networks();
  Result<Term> build_term(const wire::PolicyTerm& source) const;
  bool sound(const wire::PolicyTerm& term) const;

  void index_rules();
  void index_term(const Term& term, std::uint32_t rule, bool* by_name);
  void find_candidates(const Request& request);
  std::size_t next_candidate(std::size_t rule) const;

  enum class Match : std::uint8_t { kNo, kYes, kAsk };
  Match match(const Rule& rule, const Request& request, const Term** failed);
  bool matches(const Term& term, const Request& request);
  bool matches_to(const Term& term, const Request& request);
  bool matches_path(const Term& term, const Request& request);
  void look_up_name(const Request& request);
  void look_up_lists(const Request& request);
  std::uint64_t lists_of(const IpAddress& address, std::optional<std::uint64_t>* known) const;

  LimitKey key_of(const Rule& rule, const Request& request) const;
  void claim(const Request& request, Decision* decision) const;
  bool client_is_in(std::uint32_t networks, const Request& request);

  enum class Known : std::uint8_t { kNot, kNo, kYes };

  wire::Policy policy_;
  std::optional<lists::ListsView> lists_;
  std::vector<NetworkSet> networks_;
  std::vector<std::uint64_t> network_lists_;  // of each of networks_, a bit for each list
  NameIndex names_;
  std::vector<Rule> rules_;
  bool uses_time_ = false, uses_labels_ = false, has_limits_ = false, claims_ = false;

  // Most rules of a long policy are about other names or clients. A bit for each rule.
  using RuleBits = std::vector<std::uint64_t>;
  RuleBits any_name_;                                       // rules that don't need a name
  std::vector<std::vector<std::uint32_t>> rules_of_names_;  // for each of the policy's names
  std::vector<std::pair<std::uint32_t, RuleBits>> rules_of_clients_;  // that need one of networks_

  // What is known of the request that is being decided about.
  bool name_looked_up_ = false, lists_looked_up_ = false, path_normalized_ = false,
       time_looked_at_ = false;
  std::vector<std::uint64_t> name_bits_;
  // A bit for each list that holds the name or URL, the destination, the client.
  std::uint64_t name_lists_ = 0;
  std::optional<std::uint64_t> destination_lists_, client_lists_;
  std::vector<Known> client_in_;  // networks_
  RuleBits candidates_;           // rules that names and clients don't rule out
  std::string path_;
};

}  // namespace gatehouse::policy
