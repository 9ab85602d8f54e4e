// SPDX-License-Identifier: Apache-2.0
// integration/lib/dns_server.py as a process of the test.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/address.h"
#include "base/unique_fd.h"

namespace gatehouse::resolver {

// What the server wrote about one query.
struct LoggedQuery {
  unsigned id = 0;
  unsigned port = 0;
  bool tcp = false;
  std::string name;
  std::string type;
};

class DnsLab {
 public:
  // zone: the JSON of its zone file. host: "127.0.0.1" or "[::1]".
  explicit DnsLab(const std::string& zone, const std::string& host = "127.0.0.1");
  ~DnsLab();
  DnsLab(const DnsLab&) = delete;
  DnsLab& operator=(const DnsLab&) = delete;

  const Endpoint& endpoint() const { return endpoint_; }
  // Ends the server, so that the log is whole and its port is closed.
  void stop();
  // All queries so far; ends the server.
  std::vector<LoggedQuery> queries();

 private:
  std::string directory_;
  pid_t pid_ = 0;
  Endpoint endpoint_;
};

// A nonblocking socket that is connected to (TCP: perhaps not yet) the endpoint; invalid where
// nobody listens.
UniqueFd connected_socket(const Endpoint& endpoint, bool tcp);

// kB of memory in use, and the number of open descriptors, of a process.
long resident_kb(pid_t pid);
int descriptors(pid_t pid);

}  // namespace gatehouse::resolver
