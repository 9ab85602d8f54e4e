// SPDX-License-Identifier: Apache-2.0
// The worker's side of its channel to the parent: asks for upstream connections and resets, and
// hands every answer to the session that asked.
//
// Trusts: the parent.
// Invariants:
//  1. What a turn of the loop asks for leaves together at its end, and all answers that are there
//     are read in one go.
//  2. At most kMaxOutstanding Connects and as many Resets are under way; the others queue here.
//  3. An answer that comes for an asker who has cancelled is dropped, and with it its socket.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "proto/from_worker.pb.h"
#include "proto/to_worker.pb.h"
#include "worker/poller.h"

namespace gatehouse::worker {

// Who asks for a connection or a reset: gets exactly one answer, unless it cancels.
class ParentAnswer {
 public:
  virtual void on_connected(UniqueFd upstream) = 0;
  virtual void on_refused(wire::Refused::Reason reason) = 0;
  virtual void on_connect_failed(int error) = 0;
  virtual void on_reset_done() = 0;

 protected:
  ~ParentAnswer() = default;
};

// What the parent says unasked.
class ParentOrders {
 public:
  virtual void on_arm(std::uint32_t listener, std::uint32_t service, UniqueFd fd) = 0;
  virtual void on_disarm(std::uint32_t listener) = 0;
  virtual void on_drain(std::uint32_t within_ms, bool keep_idle) = 0;
  // The parent is gone, or has broken the protocol: the worker ends.
  virtual void on_parent_gone() = 0;

 protected:
  ~ParentOrders() = default;
};

class ParentClient final : private EventHandler {
 public:
  // The parent ends a worker that has more Connects outstanding.
  static constexpr std::size_t kMaxOutstanding = 64;
  // Names an outstanding request; 0: none.
  using Ticket = std::uint64_t;

  ParentClient(UniqueFd channel, Poller* poller, ParentOrders* orders);
  ParentClient(const ParentClient&) = delete;
  ParentClient& operator=(const ParentClient&) = delete;
  ~ParentClient() { poller_->release(&slot_); }

  void say_ready();
  void say_drained();
  // client stays the caller's and open until the answer or cancel(). The answer never comes
  // before this returns.
  Ticket connect(int client, ParentAnswer* asker);
  Ticket reset(int client, ParentAnswer* asker);
  // No answer will come.
  void cancel(Ticket ticket);
  // At the end of every turn.
  void flush();
  // Requests that have been sent and not answered yet, cancelled ones included.
  std::size_t outstanding() const { return sent_[kConnect] + sent_[kReset]; }

 private:
  enum Kind : std::uint8_t { kConnect, kReset };
  struct Request {
    Ticket ticket;
    int client;
    ParentAnswer* asker;
    Kind kind;
  };
  struct Outstanding {
    Ticket ticket = 0;              // 0: free
    ParentAnswer* asker = nullptr;  // nullptr: cancelled
    Kind kind = kConnect;
  };

  void on_events(unsigned tag, Events events) override;
  Ticket ask(Kind kind, int client, ParentAnswer* asker);
  bool send_request(const Request& request);
  void read_answers();
  // False: the message breaks the protocol.
  bool handle(ipc::Message* message);
  bool answer(ipc::Message* message);

  UniqueFd channel_;
  Poller* poller_;
  ParentOrders* orders_;
  PollSlot slot_;
  std::array<std::deque<Request>, 2> queue_;
  std::array<Outstanding, 2 * kMaxOutstanding> table_;
  std::array<std::size_t, 2> sent_{};
  std::uint64_t counter_ = 0;
  bool gone_ = false;
  wire::ToWorker incoming_;  // kept: no allocation per message
  wire::FromWorker outgoing_;
  ipc::Message message_;
};

}  // namespace gatehouse::worker
