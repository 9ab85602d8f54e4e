// SPDX-License-Identifier: Apache-2.0
// A DnsServer with its loop, and the parent's part: sockets when they are asked for.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "resolver/dns_server.h"

namespace gatehouse::resolver {

class Asker {
 public:
  // What NeedSocket leads to; an invalid one is reported as failed.
  using MakeSocket = std::function<UniqueFd(bool tcp)>;

  Asker(MakeSocket make_socket, unsigned timeout_ms);
  explicit Asker(const Endpoint& endpoint, unsigned timeout_ms = 2000);

  void ask(const std::string& name,
           std::vector<RecordType> types = {RecordType::kA, RecordType::kAaaa});
  // Until everything asked is answered; false after the time.
  bool run(int milliseconds = 10'000);
  // One name, A and AAAA.
  std::pair<Reply, Reply> resolve(const std::string& name);

  const Reply& reply(const std::string& name, RecordType type) { return replies_[{name, type}]; }
  DnsServer& server() { return server_; }
  std::size_t sockets() const { return sockets_; }  // given so far
  bool lose_sockets = false;                        // asked for and never given

 private:
  void turn(int milliseconds);

  MakeSocket make_socket_;
  UniqueFd epoll_;
  std::vector<bool> needed_;
  DnsServer server_;
  std::size_t open_ = 0;
  std::size_t sockets_ = 0;
  std::map<std::pair<std::string, RecordType>, Reply> replies_;
};

}  // namespace gatehouse::resolver
