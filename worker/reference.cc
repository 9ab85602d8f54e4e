// SPDX-License-Identifier: Apache-2.0
#include "worker/reference.h"

#include <sys/random.h>

#include "base/check.h"

namespace gatehouse::worker {

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  CHECK(::getrandom(&seed, sizeof seed, 0) == sizeof seed);
  return seed;
}

}  // namespace gatehouse::worker
