// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <sys/random.h>

#include "base/check.h"
#include "config/config.h"

namespace gatehouse::config {

Surroundings look_around() {
  Surroundings around;
  cpu_set_t processors;
  CPU_ZERO(&processors);
  if (sched_getaffinity(0, sizeof processors, &processors) == 0) {
    around.processors = static_cast<std::uint32_t>(CPU_COUNT(&processors));
  }
  // 48 bits: enough that no two gateways in one path share a name.
  unsigned char random[6];
  CHECK(getrandom(random, sizeof random, 0) == sizeof random);
  constexpr char kHex[] = "0123456789abcdef";
  around.pseudonym = "gatehouse-";
  for (const unsigned char octet : random) {
    around.pseudonym.append({kHex[octet >> 4], kHex[octet & 15]});
  }
  return around;
}

}  // namespace gatehouse::config
