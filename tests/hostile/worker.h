// SPDX-License-Identifier: Apache-2.0
// What a program in the worker's place holds once it serves: the material of every attempt.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "proto/from_worker.pb.h"
#include "proto/to_worker.pb.h"

namespace gatehouse::hostile {

// How the program behaves before its attempt; all false: like an honest worker.
struct Manners {
  bool own_filter = true;      // puts on the worker's own table
  bool allow_all = false;      // puts on a filter that allows everything instead
  bool before_ready = false;   // attempts between its filter and Ready
  bool before_filter = false;  // attempts before its own filter
  bool wants_client = true;    // waits for the test's client
  bool wants_upstream = true;  // asks for its upstream connection as well
  bool stays = false;  // with a client: goes on when told to drain, until it has made its attempt
};

class Worker {
 public:
  // Filter, Ready, listeners, client and upstream, as the manners say. Never returns where the
  // parent says goodbye first.
  explicit Worker(const Manners& manners);
  void confine();
  void say_ready();
  // The first client that sends an 'A'; one that sends anything else gets "pong" and is closed.
  void wait_for_client();
  // One Connect with the client as evidence; false: the parent did not connect it.
  bool connect_upstream();

  // Waits for one message from the parent; false after the time. An upstream descriptor goes to
  // upstream, listeners to listeners.
  bool hear(wire::ToWorker* message, int within_ms);
  // True when the descriptor shows one of the events within the time.
  bool wait(int fd, unsigned events, int within_ms);
  // Sends bytes as they are, with descriptors in groups of one control message each.
  bool send_raw(std::string_view bytes, const std::vector<std::vector<int>>& groups = {});
  // From now on only pongs, until the parent ends it.
  [[noreturn]] void serve();

  std::vector<UniqueFd> listeners;
  UniqueFd client;
  UniqueFd upstream;

 private:
  bool accept_one(int listener);

  Manners manners_;
  UniqueFd epoll_;
};

// A message of one Connect for each id, encoded.
std::string connect_bytes(const std::vector<std::uint64_t>& ids);

}  // namespace gatehouse::hostile
