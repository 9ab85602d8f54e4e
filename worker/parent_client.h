// SPDX-License-Identifier: Apache-2.0
// The worker's side of its channel to the parent: asks for upstream connections and names, and
// hands every answer to whoever asked.
//
// Trusts: the parent.
// Invariants:
//  1. What a turn of the loop asks for leaves together at its end, in batches of kMaxFds with the
//     evidence of each, and all answers that are there are read in one go.
//  2. At most kMaxOutstanding requests are under way; the others queue here.
//  3. An answer that comes for an asker who has cancelled is dropped, and with it its socket.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string_view>

#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "proto/from_worker.pb.h"
#include "proto/to_worker.pb.h"
#include "worker/poller.h"

namespace gatehouse::worker {

// Names an outstanding request; 0: none. Never used again.
using Ticket = std::uint64_t;

// Who asks for a connection or about a name: gets exactly one answer for each request, unless it
// cancels. Answers that the worker's mode or the request rules out are never given.
class ParentAnswer {
 public:
  virtual void on_connected(Ticket ticket, UniqueFd upstream) = 0;
  virtual void on_connect_failed(Ticket ticket, int error) = 0;
  virtual void on_refused(Ticket ticket, wire::Refused::Reason reason) = 0;
  // Names, on forward listeners: valid during the call.
  virtual void on_resolved(const wire::Resolved& resolved) = 0;
  // Names, on transparent listeners.
  virtual void on_verified(wire::Verified::Result result) = 0;

 protected:
  ~ParentAnswer() = default;
};

// What the parent says unasked.
class ParentOrders {
 public:
  virtual void on_arm(std::uint32_t listener, std::uint32_t service, UniqueFd fd) = 0;
  virtual void on_disarm(std::uint32_t listener) = 0;
  virtual void on_drain(std::uint32_t within_ms, bool keep_idle) = 0;
  // Both sealed: the configuration whose policy holds from now on, and its lists.
  virtual void on_new_policy(UniqueFd config, UniqueFd lists) = 0;
  // The parent is gone, or has broken the protocol: the worker ends.
  virtual void on_parent_gone() = 0;

 protected:
  ~ParentOrders() = default;
};

class ParentClient final : private EventHandler {
 public:
  // The parent ends a worker that has more requests outstanding.
  static constexpr std::size_t kMaxOutstanding = 64;

  ParentClient(UniqueFd channel, Poller* poller, ParentOrders* orders);
  ParentClient(const ParentClient&) = delete;
  ParentClient& operator=(const ParentClient&) = delete;
  ~ParentClient() { poller_->release(&slot_); }

  void say_ready();
  void say_drained();
  // Of all these: client, and what name views, stay the caller's and unchanged until the answer or
  // cancel(). The answer never comes before the call returns.
  // To where the client wanted to go.
  Ticket connect(int client, ParentAnswer* asker);
  // With one of the grants that were given for this client.
  Ticket connect_granted(int client, std::uint64_t grant, std::uint16_t port, ParentAnswer* asker);
  // To a server of the configuration.
  Ticket connect_server(int client, std::uint32_t id, ParentAnswer* asker);
  Ticket resolve(int client, std::string_view name, ParentAnswer* asker);
  // No answer will come. Nothing for a ticket that is not outstanding.
  void cancel(Ticket ticket);
  // Whether a request has left, so that the parent has a copy of the client's descriptor.
  bool has_left(Ticket ticket) const;
  // At the end of every turn.
  void flush();
  // Requests that have been sent and not answered yet, cancelled ones included.
  std::size_t outstanding() const { return outstanding_; }

 private:
  enum class Kind : std::uint8_t { kConnect, kConnectGranted, kConnectServer, kResolve };
  struct Request {
    Ticket ticket = 0;  // of an entry of the table, 0: free
    Kind kind = Kind::kConnect;
    std::uint16_t port = 0;
    int client = -1;
    std::uint64_t number = 0;       // a grant, or a server's id
    std::string_view name{};        // of kResolve
    ParentAnswer* asker = nullptr;  // nullptr: cancelled
  };

  static void encode(const Request& request, wire::Request* message);
  static bool answers(Kind kind, const wire::Reply& answer);
  void on_events(unsigned tag, Events events) override;
  Ticket ask(Request request);
  // False: nothing more can be sent now.
  bool send_batch();
  void read_answers();
  // False: the message breaks the protocol.
  bool handle(ipc::Message* message);
  bool handle_answers(ipc::Message* message);
  bool answer(const wire::Reply& answer, UniqueFd socket);

  UniqueFd channel_;
  Poller* poller_;
  ParentOrders* orders_;
  PollSlot slot_;
  std::deque<Request> queue_;
  std::array<Request, kMaxOutstanding> table_;
  std::size_t outstanding_ = 0;
  Ticket counter_ = 0;
  bool gone_ = false;
  wire::ToWorker incoming_;  // kept: no allocation per message
  wire::FromWorker outgoing_;
  ipc::Message message_;
};

}  // namespace gatehouse::worker
