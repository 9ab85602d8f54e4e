// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <arpa/inet.h>

#include <cstring>

#include "base/check.h"

namespace gatehouse {

std::optional<IpAddress> address_from_bytes(std::string_view bytes) {
  IpAddress address;
  if (bytes.size() == 4) {
    address.family = AF_INET;
  } else if (bytes.size() == 16) {
    address.family = AF_INET6;
  } else {
    return std::nullopt;
  }
  std::memcpy(address.octets.data(), bytes.data(), bytes.size());
  return address;
}

std::string to_string(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN];
  if (address.family == AF_UNSPEC) return "-";
  CHECK(inet_ntop(address.family, address.octets.data(), text, sizeof text) != nullptr);
  return text;
}

bool Network::contains(const IpAddress& other) const {
  if (other.family != address.family) return false;
  const unsigned whole = prefix / 8, rest = prefix % 8;
  if (std::memcmp(address.octets.data(), other.octets.data(), whole) != 0) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
  return ((address.octets[whole] ^ other.octets[whole]) & mask) == 0;
}

std::string to_string(const Endpoint& endpoint) {
  const std::string port = std::to_string(endpoint.port);
  return endpoint.address.family == AF_INET6 ? "[" + to_string(endpoint.address) + "]:" + port
                                             : to_string(endpoint.address) + ":" + port;
}

SocketAddress to_socket_address(const Endpoint& endpoint) {
  SocketAddress result;
  if (endpoint.address.family == AF_INET) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, endpoint.address.octets.data(), 4);
    std::memcpy(&result.storage, &in, sizeof in);
    result.length = sizeof in;
  } else {
    CHECK(endpoint.address.family == AF_INET6);
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    std::memcpy(&in.sin6_addr, endpoint.address.octets.data(), 16);
    std::memcpy(&result.storage, &in, sizeof in);
    result.length = sizeof in;
  }
  return result;
}

std::optional<Endpoint> from_socket_address(const SocketAddress& address) {
  Endpoint endpoint;
  endpoint.address.family = address.storage.ss_family;
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &address.storage, sizeof in);
    std::memcpy(endpoint.address.octets.data(), &in.sin_addr, 4);
    endpoint.port = ntohs(in.sin_port);
  } else if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, &address.storage, sizeof in);
    std::memcpy(endpoint.address.octets.data(), &in.sin6_addr, 16);
    endpoint.port = ntohs(in.sin6_port);
  } else {
    return std::nullopt;
  }
  return endpoint;
}

std::optional<Endpoint> local_endpoint(int fd) {
  SocketAddress address;
  if (getsockname(fd, address.get(), &address.length) != 0) return std::nullopt;
  return from_socket_address(address);
}

std::optional<Endpoint> remote_endpoint(int fd) {
  SocketAddress address;
  if (getpeername(fd, address.get(), &address.length) != 0) return std::nullopt;
  return from_socket_address(address);
}

}  // namespace gatehouse
