// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>

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
  CHECK(getrandom(&around.lists.key, sizeof around.lists.key, 0) == sizeof around.lists.key);
  return around;
}

std::string read_resolv_conf_text(int fd) {
  constexpr std::size_t kMost = std::size_t{64} * 1024;
  std::string text(kMost, '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t n = ::read(fd, text.data() + have, text.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    have += static_cast<std::size_t>(n);
  }
  // Half a line at the end would be another address.
  text.resize(have < kMost ? have : text.rfind('\n') + 1);
  return text;
}

}  // namespace gatehouse::config
