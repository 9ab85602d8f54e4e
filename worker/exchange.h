// SPDX-License-Identifier: Apache-2.0
// One request with its response: what is known of it while it is under way, and its log record.
// The cold part of a session, which an idle connection does not have.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "policy/engine.h"
#include "proto/log.pb.h"
#include "worker/body_flow.h"
#include "worker/http/head_parser.h"
#include "worker/http/request_rules.h"
#include "worker/upstream_finder.h"

namespace gatehouse::worker {

// What is remembered to judge how fast content moves (worker/session_pace.cc). Times in
// milliseconds, they wrap.
struct Pace {
  enum Body : std::uint8_t { kNone, kRequest, kResponse };
  Body body = kNone;           // that the window is about
  bool running = false;        // moved_ms is set
  std::uint32_t moved_ms = 0;  // the last progress
  std::uint32_t since_ms = 0;  // begin of the window, and what had been moved by then:
  std::uint64_t taken = 0;     // of the content
  std::uint64_t sent = 0;      // by the sink's connection
};

// What a policy has decided about a request. The rule is the engine's.
struct PolicyVerdict {
  const policy::Rule* rule = nullptr;
  std::string audits, tags;                // names of rules, words; with commas between
  std::vector<const policy::Rule*> later;  // to be asked of the response
  std::vector<policy::Claim> claims;       // of limits, in the order of their rules
};

struct Exchange {
  http::RequestFacts facts;
  BodyFlow request;
  BodyFlow response;
  http::HeadParser* partial = nullptr;  // of a head that arrives in pieces (Workspace::parsers)
  Buffer request_head;                  // as it is to be sent, while it may be needed (again)
  UpstreamFinder finder;

  std::uint32_t interims = 0;  // interim responses so far
  bool head_known = false;     // a complete, acceptable request head was read
  bool request_head_sent = false;
  bool response_begun = false;  // at least one octet of a response was received
  bool responded = false;       // a final head was sent to the client
  bool tunnel = false;          // both directions are raw octets from now on
  bool upstream_used_before = false;
  bool continued = false;       // the client was told to send its content (100) ...
  bool continued_here = false;  // ... by this gateway
  bool raw = false;             // not HTTP: from the beginning both directions are raw octets
  bool retried = false;
  bool repeatable = false;     // idempotent and without content: may be sent a second time
  bool host_checked = false;   // the session's host check is about this request
  bool upstream_keep = false;  // the upstream connection may carry another exchange
  bool client_close = false;   // the client connection ends with this exchange
  bool upstream_deaf = false;  // the upstream takes no more of the request's content

  // Microseconds on the monotonic clock; 0: not reached.
  std::uint64_t started = 0;
  std::uint64_t connect_asked = 0;
  std::uint64_t request_sent = 0;
  std::uint64_t client_sent_before = 0;  // octets sent to the client before this exchange
  std::uint32_t head_size = 0;
  Pace pace;
  std::string accept;  // the request's Accept, cut; for a page

  // Of a reverse listener: where the request goes, and a server that has failed it.
  UpstreamGroup* group = nullptr;
  bool server_failed = false;
  UpstreamGroup::Index failed_server = 0;

  const policy::Rule* rule = nullptr;       // that has decided; null without a policy
  std::vector<const policy::Rule*> later;   // of the rule's verdict
  const policy::Rule* too_large = nullptr;  // denies the response once its content is larger ...
  std::uint64_t most = 0;                   // ... than so many octets
  const policy::Rule* limit = nullptr;      // that has refused
  std::uint32_t retry_after = 0;            // seconds, with limit
  bool policy_waits = false;                // one of the two holds once the name is looked up
  PolicyVerdict if_verified, if_unverified;
  Buffer unverified_head;  // as request_head, where if_unverified allows

  wire::AccessRecord record;

  // As new, but for the memory of the record's strings.
  void reset();
};

// Exchanges are made when needed and kept for reuse up to a bound.
class ExchangePool {
 public:
  static constexpr std::size_t kKeep = 256;
  Exchange* take();
  // partial, request_head and pipes have been given back.
  void give_back(Exchange* exchange);

 private:
  std::vector<std::unique_ptr<Exchange>> free_;
};

}  // namespace gatehouse::worker
