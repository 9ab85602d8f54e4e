// SPDX-License-Identifier: Apache-2.0
// The place where policy decides about a request: after its head has been checked, before the
// parent is asked for anything. Translates between HTTP's words and the engine's.
//
// Not here: the engine (policy/engine.h), what a session does with a verdict (session_policy.cc).
// The parent's floor, client networks and ports hold whatever a policy says (privileged/).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/address.h"
#include "policy/clients/clients_view.h"
#include "policy/clients/key.h"
#include "policy/engine.h"
#include "policy/request.h"
#include "worker/exchange.h"
#include "worker/http/request_rules.h"
#include "worker/service.h"

namespace gatehouse::worker {

// What policy may look at. Views are valid during the call only.
struct PolicyQuestion {
  const http::Head* head = nullptr;  // null: not HTTP
  const http::RequestPlan* plan = nullptr;
  const Service& service;
  const Endpoint& client;
  const Endpoint& destination;
};

// The engine of a worker. Each step overwrites what the one before has found.
class PolicyHook {
 public:
  explicit PolicyHook(std::unique_ptr<policy::Engine> engine);

  // Labels, grants and bypasses come from this table, which outlives the hook.
  void look_up_in(const clients::ClientsView* table) { table_ = table; }

  // Decides; where that depends on whether the name is verified, for both cases. verified: what is
  // known of it.
  void decide(const PolicyQuestion& question, policy::Verified verified);

  // The decision waits for the name: verified() holds if it is, unverified() if not. Else
  // verified() is the decision.
  bool waits() const { return waits_; }
  const policy::Decision& verified() const { return verified_; }
  const policy::Decision& unverified() const { return unverified_; }

 private:
  // A rule that allows all and stands in no file.
  struct RunTimeRule {
    explicit RunTimeRule(std::string_view name);
    RunTimeRule(const RunTimeRule&) = delete;
    RunTimeRule& operator=(const RunTimeRule&) = delete;
    void decide(std::uint64_t number, policy::Decision* decision) const;

    wire::PolicyRule source;
    policy::Rule rule;
  };

  // True: the run-time table decides, perhaps only if the name is verified.
  bool decide_by_table(policy::Request& request);

  std::unique_ptr<policy::Engine> engine_;
  const clients::ClientsView* table_ = nullptr;
  RunTimeRule grant_{clients::kGrantRule}, bypass_{clients::kBypassRule};
  std::vector<std::string> labels_;
  bool waits_ = false;
  policy::Decision verified_, unverified_;
};

// What rules about the response, of an earlier decision, say now that its head is there. size:
// octets of its content; nothing: known at its end.
policy::ResponseDecision decide_response(std::span<const policy::Rule* const> rules,
                                         const http::Head& head, std::uint16_t status,
                                         std::optional<std::uint64_t> size);

// What remains of a decision while its exchange is under way.
PolicyVerdict verdict_of(const policy::Decision& decision);

// What header rules do to a head: fields that are dropped, lines that are added.
class HeadEdits {
 public:
  // effects: rules of which others are passed over. Marks fields of the head until the end of
  // *this.
  HeadEdits(std::span<const policy::Rule* const> effects, http::Head* head);
  ~HeadEdits();
  HeadEdits(const HeadEdits&) = delete;
  HeadEdits& operator=(const HeadEdits&) = delete;

  const std::string& lines() const { return lines_; }

 private:
  http::Head* head_;
  std::vector<http::Field*> dropped_;
  std::string lines_;
};

}  // namespace gatehouse::worker
