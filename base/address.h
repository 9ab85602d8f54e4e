// SPDX-License-Identifier: Apache-2.0
// IP addresses, networks and endpoints as values. Not here: parsing of text (config/).
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse {

// In network byte order; IPv4 occupies the first 4 octets, the rest are 0.
struct IpAddress {
  sa_family_t family = AF_UNSPEC;  // AF_INET or AF_INET6; AF_UNSPEC: none
  std::array<std::uint8_t, 16> octets{};

  std::size_t size() const { return family == AF_INET ? 4 : 16; }
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(octets.data()), family == AF_UNSPEC ? 0 : size()};
  }
  bool operator==(const IpAddress&) const = default;
};

// From 4 or 16 octets; nothing for any other length.
std::optional<IpAddress> address_from_bytes(std::string_view bytes);
// "192.0.2.1", "2001:db8::1" (RFC 5952), "-" for AF_UNSPEC.
std::string to_string(const IpAddress& address);

struct Network {
  IpAddress address;
  unsigned prefix = 0;  // bits, 0..32 or 0..128

  bool contains(const IpAddress& other) const;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;  // host byte order

  bool operator==(const Endpoint&) const = default;
};

// "192.0.2.1:80", "[2001:db8::1]:80".
std::string to_string(const Endpoint& endpoint);

// The sockaddr form with its length, ready for bind(2) and connect(2).
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
SocketAddress to_socket_address(const Endpoint& endpoint);
// Nothing for families other than AF_INET and AF_INET6.
std::optional<Endpoint> from_socket_address(const SocketAddress& address);
// Of a socket; nothing where the call fails or the family is another one.
std::optional<Endpoint> local_endpoint(int fd);   // getsockname(2)
std::optional<Endpoint> remote_endpoint(int fd);  // getpeername(2)

}  // namespace gatehouse
