// SPDX-License-Identifier: Apache-2.0
#include "config/resolv_conf.h"

#include <gtest/gtest.h>

namespace gatehouse::config {
namespace {

std::vector<std::string> servers(std::string_view text) {
  std::vector<std::string> result;
  for (const Endpoint& server : read_resolv_conf(text).servers) {
    result.push_back(gatehouse::to_string(server));
  }
  return result;
}

using Texts = std::vector<std::string>;

TEST(ResolvConf, NameserverLinesOnlyInTheirOrder) {
  EXPECT_EQ(servers("# by hand\n"
                    "domain example\n"
                    "nameserver 192.0.2.2\n"
                    "search a.example b.example\n"
                    "nameserver\t2001:db8::53\n"
                    "options ndots:2\n"
                    "nameserver 192.0.2.1"),
            (Texts{"192.0.2.2:53", "[2001:db8::53]:53", "192.0.2.1:53"}));
  EXPECT_EQ(servers(""), Texts{});
}

TEST(ResolvConf, BlanksCommentsAndWindowsLines) {
  EXPECT_EQ(servers("nameserver   192.0.2.1   # first\r\nnameserver 192.0.2.2;second\n"
                    "nameserver \t192.0.2.3\t\r\n"),
            (Texts{"192.0.2.1:53", "192.0.2.2:53", "192.0.2.3:53"}));
}

TEST(ResolvConf, WhatIsNoNameserverLineIsNone) {
  for (const char* text :
       {"nameserver", "nameserver ", "nameserver192.0.2.1", " nameserver 192.0.2.1",
        "#nameserver 192.0.2.1", ";nameserver 192.0.2.1", "nameservers 192.0.2.1",
        "NAMESERVER 192.0.2.1", "nameserver # 192.0.2.1"}) {
    const HostServers read = read_resolv_conf(text);
    EXPECT_TRUE(read.servers.empty()) << text;
    EXPECT_TRUE(read.notes.empty()) << text;
  }
}

TEST(ResolvConf, UnusableAddressesAreNoted) {
  const HostServers read = read_resolv_conf(
      "nameserver fe80::1%eth0\n\nnameserver dns.example\nnameserver 0.0.0.0\n"
      "nameserver 224.0.0.251\nnameserver ::ffff:192.0.2.1\nnameserver 192.0.2.1:53\n"
      "nameserver \x1b[2J\n");
  EXPECT_TRUE(read.servers.empty());
  EXPECT_EQ(
      read.notes,
      (Texts{"/etc/resolv.conf:1: nameserver fe80::1%eth0 is not used: an address with a zone is "
             "none that the gateway can ask",
             "/etc/resolv.conf:3: nameserver dns.example is not used: it is no IP address",
             "/etc/resolv.conf:4: nameserver 0.0.0.0 is not used: it means no particular host",
             "/etc/resolv.conf:5: nameserver 224.0.0.251 is not used: it is a multicast address",
             "/etc/resolv.conf:6: nameserver ::ffff:192.0.2.1 is not used: it is an IPv4 address "
             "in IPv6 clothes",
             "/etc/resolv.conf:7: nameserver 192.0.2.1:53 is not used: it is no IP address",
             "/etc/resolv.conf:8: nameserver \\x1b[2J is not used: it is no IP address"}));
}

TEST(ResolvConf, EachServerOnceAndEightAtMost) {
  std::string text = "nameserver 192.0.2.1\nnameserver 192.0.2.1\n";
  for (int i = 2; i <= 30; ++i) text += "nameserver 192.0.2." + std::to_string(i) + "\n";
  const HostServers read = read_resolv_conf(text);
  ASSERT_EQ(read.servers.size(), kMaxResolvers);
  EXPECT_EQ(gatehouse::to_string(read.servers[7]), "192.0.2.8:53");
  EXPECT_EQ(read.notes.size(), 8U) << "bounded as well";
  EXPECT_EQ(read.notes[0],
            "/etc/resolv.conf:10: nameserver 192.0.2.9 is not used: it is one more than the 8 that "
            "can be");
}

}  // namespace
}  // namespace gatehouse::config
