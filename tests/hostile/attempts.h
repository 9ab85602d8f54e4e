// SPDX-License-Identifier: Apache-2.0
// What a taken-over worker may try. Each attempt makes its forbidden call first of all, so that
// nothing else can be what stopped it, and returns 0 for a success or the errno of the failure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tests/hostile/worker.h"

namespace gatehouse::hostile {

struct Attempt {
  std::string_view name;
  // argument: what run.py gives it, an address or a path.
  int (*make)(Worker& worker, const std::string& argument);
  Manners manners = {};
};

// Attempts on files, memory, processes and rights (system.cc): nothing but the process itself.
std::span<const Attempt> system_attempts();
// Attempts on and with sockets (sockets.cc).
std::span<const Attempt> socket_attempts();
// What the parent gets to read (messages.cc): returns 0 where the parent took it as it was.
std::span<const Attempt> message_attempts();

// errno of a failed call, 0 of any other.
inline int outcome_of(long result) { return result < 0 ? errno : 0; }

}  // namespace gatehouse::hostile
