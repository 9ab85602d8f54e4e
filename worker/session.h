// SPDX-License-Identifier: Apache-2.0
// One client connection, its exchanges one after the other, and the upstream connection that serves
// them: the spine of the worker.
//
// Runs in: the worker, once for each client connection, so it is small: everything that only an
// exchange needs is in Exchange. Trusts: neither peer.
// Invariants:
//  1. run() does whatever can be done now and returns; it is called for every event, answer of the
//     parent and, after a yield, once a turn. Nothing calls run() from within run().
//  2. One exchange at a time; the next request is read only when the response before it has left.
//  3. The upstream connection was made with this client connection as evidence and serves it alone.
//  4. A response whose head has been forwarded is completed, or its connection is reset.
// Not here: HTTP's rules (worker/http/), moving content (worker/body_relay.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "worker/body_relay.h"
#include "worker/connection.h"
#include "worker/exchange.h"
#include "worker/host_check.h"
#include "worker/http/error_page.h"
#include "worker/http/response_rules.h"
#include "worker/parent_client.h"
#include "worker/proxy_protocol.h"
#include "worker/service.h"
#include "worker/upstream_finder.h"
#include "worker/wheel.h"

namespace gatehouse::worker {

struct Workspace;

// A link of the list of all sessions.
struct SessionLink {
  SessionLink* next = this;
  SessionLink* previous = this;
};

// What a request to a forward proxy is for, in a form in which equal means the same.
struct ForwardTarget {
  std::string host;   // in lower case; an IP literal in its one form, without brackets
  IpAddress literal;  // AF_UNSPEC: a name
  std::uint16_t port = 0;
};

class Session final : public SessionLink,
                      private EventHandler,
                      private FinderClient,
                      private HostCheckClient,
                      private Wheel::Timer {
 public:
  enum class Phase : std::uint8_t {
    kProxy,     // a PROXY protocol header is arriving
    kFirst,     // nothing tells yet whether HTTP is spoken
    kIdle,      // between exchanges
    kHead,      // a request head is arriving
    kConnect,   // the parent has been asked for an upstream connection
    kRelay,     // request and response are under way
    kClosing,   // the last octets leave, then our FIN
    kDraining,  // our FIN is out; the client gets time to take everything and to close
    kOver,
  };

  explicit Session(Workspace* workspace);
  ~Session();

  // Takes the accepted socket. service: index into Config.listeners. The session may be over when
  // this returns.
  void start(UniqueFd client, const SocketAddress& peer, std::uint32_t service);
  // After a yield.
  void resume();
  // The worker drains: ends an idle session, marks the others. now: ends any.
  void drain(bool now);
  // Ends it at once, whatever is under way; reason: of the log record.
  void reset(std::string_view reason);
  const IpAddress& client() const { return client_endpoint_.address; }

  Phase phase() const { return phase_; }
  // How long it has been idle, or open without a request.
  std::uint32_t idle_ms() const;
  bool yielded = false;     // these two are kept by the owner
  bool makes_room = false;  // closed because there are many others

 private:
  enum Side : unsigned { kClient, kUpstream };

  void on_events(unsigned side, Events events) override;
  void on_upstream(UniqueFd upstream) override;
  void on_no_upstream(http::Refusal refusal, wire::Ending ending) override;
  void on_client_gone() override;
  void on_host_checked() override;
  void on_deadline() override;

  // session.cc: the story.
  void run();
  void notice_client_gone();
  void notice_idle_upstream();
  void flush();
  void end_turn();
  bool deadline_moves() const;
  std::uint64_t deadline_ms();
  void time_out_connect();
  void time_out_relay(bool slow);
  void time_out_idle();

  // session_opening.cc
  bool welcome(const Endpoint& peer);
  bool count_client();
  void read_opening();
  void read_proxy_header();
  void refuse_proxy_header(std::string_view why);
  void read_first_octets();
  void speak_http();
  bool begin_raw();
  void open_tunnel();
  void on_raw_upstream();
  std::uint64_t opening_limit_ms() const;
  void time_out_opening();
  std::string_view upstream_preface(std::span<char, kProxyHeaderSpace> space) const;

  // session_pace.cc
  Pace::Body body_under_way() const;
  bool sink_is_full(Pace::Body body) const;
  bool window_is_over() const;
  void begin_window(Pace::Body body, std::uint32_t now_ms);
  std::uint64_t pace_limit_ms();
  void offer_what_waits();
  bool too_slow() const;
  void judge_pace();

  // session_request.cc
  void read_request_head();
  void begin_exchange();
  void keep_partial(const http::HeadParser& parser, Connection& connection, std::string_view input,
                    bool from_scratch);
  void accept_request(http::Head& head, std::string_view input, bool from_scratch);
  void step_over_head(const http::Head& head, std::string_view rest, bool from_scratch);
  void answer_as_recipient(const http::Head& head, const http::RequestPlan& plan,
                           std::string_view rest, bool from_scratch);
  void request_has_left();
  bool waits_to_continue() const;
  void let_continue();
  void relay_request_body();

  // session_policy.cc
  policy::Verified name_is_verified(const http::Head& head, const http::RequestPlan& plan);
  http::Refusal ask_policy(const http::Head& head, const http::RequestPlan& plan);
  bool policy_allows_tunnel();
  http::Refusal ask_policy_raw();
  http::Refusal take_verdict(PolicyVerdict verdict);
  http::Refusal settle_policy();
  bool write_both_heads(http::Head& head, const http::RequestPlan& plan);
  bool form_denial(http::ErrorPage* page) const;
  bool ask_policy_again(const http::Head& head, const http::ResponsePlan& plan,
                        policy::ResponseDecision* decision);
  void deny_the_rest();

  // session_limits.cc
  http::Refusal claim_limits(const std::vector<policy::Claim>& claims);
  bool hold(const policy::Claim& claim);
  void release_holds(std::size_t keep);
  http::Refusal refused_by(const policy::Rule* limit, std::uint64_t wait_ns);

  // session_upstream.cc
  http::Refusal judge_destination(const http::Head& head, const http::RequestPlan& plan);
  http::Refusal check_host(std::string_view name);
  void forward_request(http::Head& head, const http::RequestPlan& plan, std::string_view rest,
                       bool from_scratch);
  void wait_for_name(http::Head& head, const http::RequestPlan& plan, std::string_view rest,
                     bool from_scratch);
  std::size_t write_request(http::Head& head, const http::RequestPlan& plan,
                            const policy::Decision* decision);
  bool upstream_serves(const http::Head& head, const http::RequestPlan& plan) const;
  bool upstream_usable() const;
  void note_target(const http::Head& head, const http::RequestPlan& plan);
  void look_for_upstream();
  bool ask_for_upstream();
  void send_request_head();
  void answer_connect();
  void begin_tunnel();
  void note_server_failure(std::string_view why);
  void lose_upstream(http::Refusal refusal);

  // session_response.cc
  void read_response_head();
  void accept_response(http::Head& head, std::string_view input, bool from_scratch);
  void begin_response(const http::ResponsePlan& plan);
  void relay_response_body();
  void relay_tunnel();
  bool relay_tunnel_side(Connection& source, Connection& sink, BodyFlow& flow);

  // session_end.cc
  void end_exchange();
  void finish_record(wire::Ending ending, std::string_view reason);
  void refuse(http::Refusal refusal, http::MessageKind kind, wire::Ending ending);
  void break_off_response(wire::Ending ending, std::string_view reason);
  void lose_request(bool regularly);
  void abort_client(wire::Ending ending, std::string_view reason);
  void close_upstream();
  void drop_partial();
  void release_exchange();
  void become_idle();
  void begin_closing();
  void drain_client();
  void over();

  const Service& service() const { return *service_; }

  Workspace& workspace_;
  const Service* service_ = nullptr;  // of the listener that it was accepted on
  Exchange* exchange_ = nullptr;      // nullptr while idle and after the end
  Connection client_;
  Connection upstream_;
  std::unique_ptr<ForwardTarget> target_;    // of a forward listener: where upstream_ leads to
  UpstreamGroup* upstream_group_ = nullptr;  // of a reverse listener: whose server upstream_ is
  // The limits that count this connection, each once; null: none does.
  std::unique_ptr<std::vector<policy::LimitKey>> holds_;
  HostCheck* host_check_ = nullptr;  // the last one, of the listeners that ask
  Endpoint client_endpoint_;         // as a PROXY protocol header says, where there was one
  Endpoint destination_;
  Phase phase_ = Phase::kIdle;
  Phase timed_phase_ = Phase::kOver;  // the phase for which the deadline was set
  bool moved_ = false;                // in this round of run()
  bool moved_in_turn_ = false;
  bool counted_ = false;             // in Workspace::sources, under client_endpoint_
  bool upstream_used_ = false;       // has carried an exchange
  UpstreamGroup::Index server_ = 0;  // of upstream_group_: where upstream_ leads to
  std::uint16_t drained_kib_ = 0;    // thrown away in kDraining
  std::uint32_t idle_since_ = 0;     // ms, wraps
};

}  // namespace gatehouse::worker
