// SPDX-License-Identifier: Apache-2.0
// CHECK: an invariant of our own code, always on. Never used on anything that a peer can cause.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace gatehouse {
[[noreturn]] inline void check_failed(const char* text) {
  // Best effort: the process is about to end and a confined one may have no fd 2.
  (void)!::write(STDERR_FILENO, text, std::strlen(text));
  std::abort();
}
}  // namespace gatehouse

#define GATEHOUSE_STRINGIFY_(x) #x
#define GATEHOUSE_STRINGIFY(x) GATEHOUSE_STRINGIFY_(x)
#define CHECK(condition)                    \
  ((condition) ? void(0)                    \
               : ::gatehouse::check_failed( \
                     __FILE__ ":" GATEHOUSE_STRINGIFY(__LINE__) ": CHECK " #condition "\n"))
