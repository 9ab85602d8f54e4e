// SPDX-License-Identifier: Apache-2.0
// The parent's end of a worker's channel, for tests: deals listeners on 127.0.0.1, connects every
// Connect of a transparent listener to one origin port, answers about names and connects grants and
// servers as it was told, and collects the log records.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "proto/config.pb.h"
#include "proto/from_worker.pb.h"
#include "proto/log.pb.h"
#include "proto/to_worker.pb.h"

namespace gatehouse::worker::testing {

// Every field set, as the loader would.
wire::Config default_config();

// Listening on 127.0.0.1, nonblocking, with the options the real parent sets; *port is filled in
// when it is 0.
UniqueFd make_listener(std::uint16_t* port);
// Connected as the parent would hand it over: nonblocking, NODELAY, SO_LINGER {1,0}; invalid and
// errno set when it can't be made.
UniqueFd connect_as_parent(std::uint16_t port);

// What becomes of a Connect to one address of a name, or to one server.
struct Route {
  std::uint16_t port = 0;                                      // on 127.0.0.1
  int error = 0;                                               // not 0: Failed
  wire::Refused::Reason refused = wire::Refused::UNSPECIFIED;  // another: Refused
  int delay_ms = 0;                                            // before the answer
};

class FakeParent {
 public:
  FakeParent(UniqueFd channel, UniqueFd log_reader, std::uint16_t origin_port);
  ~FakeParent();

  void arm(std::uint32_t index, UniqueFd listener);
  void disarm(std::uint32_t index);
  void drain(std::uint32_t within_ms);

  // What the next Connects get instead of a connection: 0, an errno, or a reason (negative).
  void answer_connects_with(int value) { answer_ = value; }
  // Hold answers back until release.
  void hold_answers(bool hold) { hold_ = hold; }

  // A name of forward listeners: one grant for each route.
  void set_name(const std::string& name, std::vector<Route> routes, int delay_ms = 0);
  // A name of transparent listeners.
  void set_verified(const std::string& name, wire::Verified::Result result, int delay_ms = 0);
  // A server of reverse listeners.
  void set_server(std::uint32_t id, Route route);
  // The next so many grants turn out to be expired.
  void expire_grants(int count) { expired_grants_ = count; }

  // Names asked about, ids of servers and ports of grants asked for, in their order.
  std::vector<std::string> resolved() const { return locked(resolved_); }
  // Waits up to 5 s for so many questions about names. False: they did not come.
  bool wait_for_resolved(std::size_t count) const;
  std::vector<std::uint32_t> servers() const { return locked(servers_asked_); }
  std::vector<std::uint32_t> granted_ports() const { return locked(granted_ports_); }
  // Connections made for a Connect whose answer was sent.
  int connected() const { return connected_; }
  std::vector<std::string> events() const { return locked(events_); }

  int connects() const { return connects_; }
  int most_outstanding() const { return most_outstanding_; }
  bool drained() const { return drained_; }
  bool ready() const { return ready_; }
  bool broken() const { return broken_; }  // the worker broke the protocol
  std::vector<wire::AccessRecord> records() const;
  // Waits up to 5 s for that many records.
  std::vector<wire::AccessRecord> wait_for_records(std::size_t count) const;
  std::uint64_t dropped() const { return dropped_; }

 private:
  void run();
  void read_channel();
  void receive_request(const wire::Request& request);
  void resolve(std::uint64_t id, const std::string& name);
  Route route_of(const wire::Connect& connect);
  void answer_due();
  void answer_connect(std::uint64_t id);
  void answer_route(std::uint64_t id, const Route& route);
  void later(int delay_ms, std::function<void()> what);
  void send(const wire::ToWorker& message, int fd = -1);
  template <class List>
  List locked(const List& list) const {
    const std::lock_guard lock(mutex_);
    return list;
  }
  void read_log();

  UniqueFd channel_;
  UniqueFd log_;
  UniqueFd wake_;
  std::uint16_t origin_port_;
  std::atomic<int> answer_{0};
  std::atomic<bool> hold_{false}, drained_{false}, ready_{false}, broken_{false}, stop_{false};
  std::atomic<int> connects_{0}, most_outstanding_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<int> expired_grants_{0}, connected_{0};
  std::vector<std::function<void()>> held_;
  std::multimap<std::chrono::steady_clock::time_point, std::function<void()>> later_;
  mutable std::mutex mutex_;
  std::map<std::string, std::pair<std::vector<Route>, int>> names_;
  std::map<std::string, std::pair<wire::Verified::Result, int>> verified_;
  std::map<std::uint32_t, Route> servers_;
  std::map<std::uint64_t, Route> grants_;
  std::vector<std::string> resolved_;
  std::vector<std::uint32_t> servers_asked_, granted_ports_;
  std::vector<std::string> events_;
  std::vector<wire::AccessRecord> records_;
  std::string log_bytes_;
  std::thread thread_;
};

}  // namespace gatehouse::worker::testing
