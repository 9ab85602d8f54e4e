// SPDX-License-Identifier: Apache-2.0
// Does the name in Host belong to the address that the client has connected to? A question to the
// parent about one name on one client connection, and the log records that wait for its answer.
//
// Trusts: the parent's answer; the worker sees no address.
// Invariants:
//  1. Nobody waits for the answer but a session that asked to be told (enforce) and log records.
//  2. A question that its session has left lives on until the answer, or until the records have
//     been written without it: a record is written exactly once.
//  3. Waiting records are bounded; what finds no room is written as UNKNOWN.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "proto/log.pb.h"
#include "worker/log_pipe.h"
#include "worker/parent_client.h"

namespace gatehouse::worker {

class HostChecks;

class HostCheckClient {
 public:
  // The answer is there. The check may be left in this call.
  virtual void on_host_checked() = 0;

 protected:
  ~HostCheckClient() = default;
};

class HostCheck final : private ParentAnswer {
 public:
  using Result = wire::AccessRecord::HostCheck;

  HostCheck(HostChecks* owner, int client, std::string_view name);
  HostCheck(const HostCheck&) = delete;
  HostCheck& operator=(const HostCheck&) = delete;
  ~HostCheck();

  // Without regard to case.
  bool is_about(std::string_view name) const;
  std::string_view name() const { return name_; }
  bool pending() const { return ticket_ != 0; }
  // NONE while pending().
  Result result() const { return result_; }
  // Who is told of the answer; nullptr: nobody any more.
  void tell(HostCheckClient* client) { client_ = client; }
  // Writes a finished record, now or with the answer.
  void write(wire::AccessRecord& record);

 private:
  friend class HostChecks;

  void on_verified(wire::Verified::Result result) override;
  void on_refused(Ticket ticket, wire::Refused::Reason reason) override;
  void on_resolved(const wire::Resolved& resolved) override;
  void on_connected(Ticket, UniqueFd) override {}  // never asked for
  void on_connect_failed(Ticket, int) override {}  // never asked for
  void settle(Result result);

  HostChecks* owner_;
  std::list<HostCheck>::iterator self_;
  std::string name_;
  Ticket ticket_ = 0;
  Result result_ = wire::AccessRecord::NONE;
  bool left_ = false;  // by its session
  HostCheckClient* client_ = nullptr;
  std::vector<wire::AccessRecord> waiting_;
};

// All checks of a worker.
class HostChecks {
 public:
  // Records that wait at once.
  static constexpr std::size_t kMaxWaiting = 1024;

  HostChecks(ParentClient* parent, LogPipe* log) : parent_(parent), log_(log) {}
  HostChecks(const HostChecks&) = delete;
  HostChecks& operator=(const HostChecks&) = delete;

  // Asks. client, the evidence, stays open until leave().
  HostCheck* begin(int client, std::string_view name);
  // The session needs it no more.
  void leave(HostCheck* check);
  // Writes what waits, as UNKNOWN: nobody will read the answers.
  void settle_all();
  std::size_t count() const { return checks_.size(); }

 private:
  friend class HostCheck;

  ParentClient* parent_;
  LogPipe* log_;
  std::list<HostCheck> checks_;
  std::size_t waiting_ = 0;
};

}  // namespace gatehouse::worker
