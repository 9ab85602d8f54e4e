// SPDX-License-Identifier: Apache-2.0
#include "privileged/floor.h"

#include <algorithm>
#include <span>

namespace gatehouse::privileged {
namespace {

struct Range {
  Network network;
  std::string_view why;
};

constexpr Network v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                     unsigned prefix) {
  return Network{IpAddress{AF_INET, {a, b, c, d}}, prefix};
}
constexpr Network v6(std::array<std::uint8_t, 16> octets, unsigned prefix) {
  return Network{IpAddress{AF_INET6, octets}, prefix};
}

constexpr Range kDenied[] = {
    {v4(0, 0, 0, 0, 8), "unspecified"},
    {v4(127, 0, 0, 0, 8), "loopback"},
    {v4(169, 254, 0, 0, 16), "link-local or metadata"},
    {v4(224, 0, 0, 0, 4), "multicast"},
    {v4(240, 0, 0, 0, 4), "reserved"},
    {v4(100, 100, 100, 200, 32), "metadata"},
    {v4(168, 63, 129, 16, 32), "metadata"},
    {v6({}, 128), "unspecified"},
    {v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128), "loopback"},
    {v6({0xfe, 0x80}, 10), "link-local"},
    {v6({0xfe, 0xc0}, 10), "site-local"},
    {v6({0xff}, 8), "multicast"},
    {v6({0xfd, 0x20, 0, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128), "metadata"},
    {v6({0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128), "metadata"},
};

// Where an IPv6 address carries an IPv4 one: at octet `at`, each octet xored with `mask`.
struct Embedded {
  Network network;
  unsigned at;
  std::uint8_t mask;
};
constexpr Embedded kEmbedded[] = {
    {v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96), 12, 0},  // mapped, RFC 4291 2.5.5.2
    {v6({}, 96), 12, 0},                                          // compatible, 2.5.5.1
    {v6({0, 0x64, 0xff, 0x9b, 0, 1}, 48), 12, 0},                 // NAT64, RFC 8215
    {v6({0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96), 12, 0},        // translated, RFC 2765
    {v6({0, 0x64, 0xff, 0x9b}, 96), 12, 0},                       // NAT64, RFC 6052
    {v6({0x20, 0x02}, 16), 2, 0},                                 // 6to4, RFC 3056
    {v6({0x20, 0x01, 0, 0}, 32), 12, 0xff},                       // Teredo, RFC 4380
};

constexpr Range kPrivate[] = {
    {v4(10, 0, 0, 0, 8), ""},    {v4(172, 16, 0, 0, 12), ""}, {v4(192, 168, 0, 0, 16), ""},
    {v4(100, 64, 0, 0, 10), ""}, {v6({0xfc}, 7), ""},
};

// The first of ranges that holds the address or an IPv4 address inside it.
const Range* find_range(std::span<const Range> ranges, const IpAddress& address) {
  for (const Range& range : ranges) {
    if (range.network.contains(address)) return &range;
  }
  for (const Embedded& form : kEmbedded) {
    if (!form.network.contains(address)) continue;
    IpAddress inner{AF_INET, {}};
    for (unsigned i = 0; i < 4; ++i) {
      inner.octets[i] = static_cast<std::uint8_t>(address.octets[form.at + i] ^ form.mask);
    }
    if (const Range* found = find_range(ranges, inner)) return found;
  }
  return nullptr;
}

}  // namespace

std::optional<std::string_view> floor_reason(const IpAddress& address) {
  const Range* found = find_range(kDenied, address);
  if (found == nullptr) return std::nullopt;
  return found->why;
}

bool is_private(const IpAddress& address) { return find_range(kPrivate, address) != nullptr; }

bool Floor::is_lifted(const IpAddress& address) const {
  return std::any_of(lifted_.destinations.begin(), lifted_.destinations.end(),
                     [&](const Network& network) { return network.contains(address); });
}

Floor::Verdict Floor::judge(const IpAddress& destination, TimePoint now) {
  if (is_lifted(destination)) return Verdict::kAllowed;
  if (floor_reason(destination)) return Verdict::kDenied;
  return is_local(destination, now) ? Verdict::kLocal : Verdict::kAllowed;
}

bool Floor::forbids_endpoint(const Endpoint& endpoint) const {
  const auto& named = lifted_.endpoints;
  return floor_reason(endpoint.address) && !is_lifted(endpoint.address) &&
         std::find(named.begin(), named.end(), endpoint) == named.end();
}

bool Floor::is_local(const IpAddress& address, TimePoint now) {
  std::size_t hash = 14695981039346656037ULL;
  for (const std::uint8_t octet : address.octets) hash = (hash ^ octet) * 1099511628211ULL;
  Remembered& known = remembered_[(hash >> 20) % remembered_.size()];
  if (known.address == address && now < known.until) return known.local;
  const UniqueFd probe(socket(address.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  SocketAddress target = to_socket_address({address, 0});
  // Without a descriptor nothing can be proved: local, that is refused.
  const bool local = !probe.valid() || bind(probe.get(), target.get(), target.length) == 0;
  if (probe.valid()) known = {address, local, now + std::chrono::seconds(1)};
  return local;
}

}  // namespace gatehouse::privileged
