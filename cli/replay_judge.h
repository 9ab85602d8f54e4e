// SPDX-License-Identifier: Apache-2.0
// What a policy decides about a logged request, against what was decided then.
//
// Invariant: where the answer depends on what the log doesn't hold it is kUnclear, never a guess:
// the engine is asked for every combination of what may have been.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/logs/record.h"
#include "policy/engine.h"
#include "policy/language/question.h"

namespace gatehouse::cli {

enum class Change : std::uint8_t {
  kNone,
  kNowDenied,
  kNowAllowed,
  kUnclear,   // it depends on what the log doesn't hold
  kNotAsked,  // no policy was asked then, or no listener here decides about such a request
};

// What the log doesn't hold, as bits.
enum Missing : unsigned {
  kNameCheck = 1,  // whether the destination is the name's
  kHeaderField = 2,
  kListenerPort = 4,
  kAddress = 8,     // of the destination
  kWholeText = 16,  // a method, host or target that the log has cut
  kResponse = 32,   // its type, its size, or one at all
};

struct Judgement {
  Change change = Change::kNone;
  const policy::Rule* rule = nullptr;  // that decides; null: unclear, or not asked
  unsigned missing = 0;  // what the policy asked for in vain, even if it did not matter
};

class Judge {
 public:
  // modes: of the policy's listeners. listener: where a log doesn't tell; nothing: likely_mode().
  Judge(policy::Engine* engine, const policy::Modes& modes,
        std::optional<wire::ConfigMode> listener);

  Judgement judge(const logs::Record& record);

  // Of the last record that was clear: what matched before the rule that decides.
  const std::vector<const policy::Rule*>& effects() const { return decision_.effects; }

 private:
  // A field that the log doesn't hold, or whether the name is verified, taken to be so.
  struct Assumption {
    std::string_view name;  // of the field; empty: verified
    const policy::TextPattern* pattern;
    bool holds;
  };
  class LoggedFields;

  const policy::Rule* run(const policy::Request& request, const logs::Record& record);
  bool response_may_be_denied(const logs::Record& record) const;
  void decide(policy::Request request, const LoggedFields& fields);
  bool assume(std::string_view name, const policy::TextPattern* pattern);
  bool next_assumptions();

  policy::Engine* engine_;
  policy::Modes modes_;
  std::optional<wire::ConfigMode> listener_;
  std::vector<std::uint16_t> listener_ports_;  // that rules name
  bool looks_at_addresses_ = false;
  std::vector<Assumption> assumptions_;
  unsigned missing_ = 0;
  policy::Decision decision_;
};

}  // namespace gatehouse::cli
