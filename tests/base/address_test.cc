// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include "base/unique_fd.h"

namespace gatehouse {
namespace {

IpAddress address(const char* text) {
  IpAddress result;
  result.family = std::string_view(text).find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  EXPECT_EQ(inet_pton(result.family, text, result.octets.data()), 1) << text;
  return result;
}

TEST(IpAddress, ComesFromFourOrSixteenOctetsOnly) {
  for (std::size_t size = 0; size <= 20; ++size) {
    const auto made = address_from_bytes(std::string(size, '\x01'));
    EXPECT_EQ(made.has_value(), size == 4 || size == 16) << size;
  }
  EXPECT_EQ(address_from_bytes(std::string("\xc0\x00\x02\x01", 4)), address("192.0.2.1"));
  const IpAddress v6 = address("2001:db8::1");
  EXPECT_EQ(address_from_bytes(v6.bytes()), v6);
  EXPECT_EQ(address("192.0.2.1").bytes().size(), 4u);
  EXPECT_EQ(IpAddress{}.bytes().size(), 0u);
}

TEST(IpAddress, IsWrittenAsPeopleDo) {
  EXPECT_EQ(to_string(IpAddress{}), "-");
  for (const char* text : {"0.0.0.0", "255.255.255.255", "192.0.2.1", "::", "::1", "2001:db8::1",
                           "::ffff:192.0.2.1"}) {
    EXPECT_EQ(to_string(address(text)), text);
  }
  EXPECT_EQ(to_string(Endpoint{address("192.0.2.1"), 80}), "192.0.2.1:80");
  EXPECT_EQ(to_string(Endpoint{address("2001:db8::1"), 65535}), "[2001:db8::1]:65535");
}

TEST(Network, ContainsByPrefixBitForBit) {
  const IpAddress base = address("10.170.85.204");
  for (unsigned prefix = 0; prefix <= 32; ++prefix) {
    const Network network{base, prefix};
    EXPECT_TRUE(network.contains(base)) << prefix;
    for (unsigned bit = 0; bit < 32; ++bit) {
      IpAddress other = base;
      other.octets[bit / 8] ^= static_cast<std::uint8_t>(0x80 >> bit % 8);
      EXPECT_EQ(network.contains(other), bit >= prefix) << "prefix " << prefix << ", bit " << bit;
    }
  }
  const IpAddress base6 = address("2001:db8:aaaa:5555::1");
  for (unsigned prefix = 0; prefix <= 128; ++prefix) {
    const Network network{base6, prefix};
    for (unsigned bit = 0; bit < 128; ++bit) {
      IpAddress other = base6;
      other.octets[bit / 8] ^= static_cast<std::uint8_t>(0x80 >> bit % 8);
      EXPECT_EQ(network.contains(other), bit >= prefix) << "prefix " << prefix << ", bit " << bit;
    }
  }
}

TEST(Network, NeverContainsTheOtherFamily) {
  EXPECT_FALSE((Network{address("0.0.0.0"), 0}.contains(address("::1"))));
  EXPECT_FALSE((Network{address("::"), 0}.contains(address("192.0.2.1"))));
  EXPECT_FALSE((Network{address("::ffff:0:0"), 96}.contains(address("192.0.2.1"))));
}

TEST(SocketAddress, GoesThereAndBack) {
  for (const Endpoint& endpoint : {Endpoint{address("192.0.2.1"), 80}, Endpoint{address("::1"), 1},
                                   Endpoint{address("2001:db8::1"), 65535}}) {
    const SocketAddress there = to_socket_address(endpoint);
    EXPECT_EQ(there.length,
              endpoint.address.family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    EXPECT_EQ(from_socket_address(there), endpoint);
  }
  SocketAddress other;
  other.storage.ss_family = AF_UNIX;
  EXPECT_EQ(from_socket_address(other), std::nullopt);
}

TEST(SocketAddress, OfASocket) {
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(listen(listener.get(), 1), 0);
  const auto local = local_endpoint(listener.get());
  ASSERT_TRUE(local);
  EXPECT_NE(local->port, 0);
  EXPECT_EQ(remote_endpoint(listener.get()), std::nullopt);  // not connected
  const UniqueFd unix_socket(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(local_endpoint(unix_socket.get()), std::nullopt);
  EXPECT_EQ(local_endpoint(-1), std::nullopt);
}

}  // namespace
}  // namespace gatehouse
