// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol reader against itself at every cut and with content behind, and against the
// writer: what was read, written and read again, says the same.
#include "worker/proxy_protocol.h"

#include <array>
#include <cstdint>
#include <string>

#include "tests/fuzz/http_oracle.h"

namespace gatehouse::fuzz {
namespace {

using worker::ProxyHeader;
using worker::ProxyStatus;

bool same(const ProxyHeader& a, const ProxyHeader& b) {
  return a.status == b.status && a.fault == b.fault && a.size == b.size &&
         a.addressed == b.addressed && a.source == b.source && a.destination == b.destination;
}

// The header as known from its first octets never changes once it is decided.
void check_cuts(std::string_view octets, const ProxyHeader& whole) {
  ProxyHeader last;
  for (std::size_t n = 0; n <= octets.size(); ++n) {
    const ProxyHeader header = worker::read_proxy_header(octets.substr(0, n));
    if (last.status != ProxyStatus::kIncomplete) REQUIRE(same(header, last), octets);
    if (header.status == ProxyStatus::kComplete) REQUIRE(n >= header.size, octets);
    REQUIRE(header.status != ProxyStatus::kIncomplete || n < worker::kMaxProxyHeader, octets);
    last = header;
    if (last.status == ProxyStatus::kMalformed) break;
  }
  REQUIRE(same(last, whole), octets);
}

void check_rewritten(std::string_view octets, const ProxyHeader& header) {
  if (!header.addressed) return;
  for (const unsigned version : {1U, 2U}) {
    std::array<char, worker::kProxyHeaderSpace> out;
    const std::size_t size =
        worker::write_proxy_header(version, header.source, header.destination, out);
    const ProxyHeader again = worker::read_proxy_header({out.data(), size});
    REQUIRE(again.status == ProxyStatus::kComplete && again.size == size, octets);
    REQUIRE(again.addressed, octets);
    REQUIRE(again.source == header.source && again.destination == header.destination, octets);
  }
}

void check(std::string_view octets) {
  const ProxyHeader whole = worker::read_proxy_header(octets);
  REQUIRE(whole.size <= octets.size(), octets);
  REQUIRE((whole.status == ProxyStatus::kComplete) == (whole.size > 0), octets);
  check_cuts(octets, whole);
  check_rewritten(octets, whole);
}

}  // namespace
}  // namespace gatehouse::fuzz

// The first octet chooses a beginning, which mutation alone would seldom keep.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string octets;
  if (data[0] == '1') octets = "PROXY TCP";
  if (data[0] == '2') octets = std::string("\r\n\r\n\0\r\nQUIT\n\x21", 13);
  octets.append(reinterpret_cast<const char*>(data + 1), size - 1);
  gatehouse::fuzz::check(octets);
  return 0;
}
