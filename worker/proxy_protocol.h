// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): a header in front of a
// connection in which a proxy says for whom it was made. Reads and writes it, strictly.
//
// Trusts: nothing in the octets. That they come from a peer that may send a header at all has been
// checked by the caller: a header is never looked for where none is configured.
// Invariants:
//  1. Pure, without allocation, and the outcome depends on the octets alone: however a header is
//     cut, it is incomplete until it is found malformed or its last octet is there; what was found
//     malformed stays so.
//  2. At most kMaxProxyHeader octets are ever asked for.
// Not here: what the address is used for (worker/session_proxy.cc). It is never a source address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/address.h"

namespace gatehouse::worker {

// Version 1: a line of at most 107 octets with its CRLF. Version 2: the 536 octets of a header with
// the longest addresses, and type-length-value entries of up to 2 KiB.
inline constexpr std::size_t kMaxProxyLine = 107;
inline constexpr std::size_t kMaxProxyHeader = 536 + 2048;

enum class ProxyStatus : std::uint8_t { kIncomplete, kComplete, kMalformed };

// Why a header is malformed.
enum class ProxyFault : std::uint8_t {
  kNone,
  kSignature,  // neither "PROXY " nor the signature of version 2
  kLine,       // version 1: no CRLF in 107 octets, or one of its two octets alone
  kProtocol,   // version 1: neither TCP4, TCP6 nor UNKNOWN after one space
  kAddress,    // version 1: not two addresses of the protocol's family, each after one space
  kPort,       // version 1: not two numbers to 65535 without leading zeros, each after one space
  kVersion,    // version 2: not version 2, or a command above 1
  kFamily,     // version 2: an unknown family, or one that isn't a stream
  kLength,     // version 2: too short for the addresses of the family, or above the bound
  kEntry,      // version 2: an entry goes past the end, or its checksum is wrong
};
// For events: lower case and hyphens.
std::string_view proxy_fault_word(ProxyFault fault);

struct ProxyHeader {
  ProxyStatus status = ProxyStatus::kIncomplete;
  ProxyFault fault = ProxyFault::kNone;
  std::size_t size = 0;  // kComplete: octets of the header; what follows is the connection's
  // False: the header says nothing about addresses (UNKNOWN, LOCAL, UNSPEC, a Unix socket), and
  // those of the connection hold.
  bool addressed = false;
  Endpoint source;
  Endpoint destination;
};

// octets: all that was received from the first octet of the connection on.
ProxyHeader read_proxy_header(std::string_view octets);

// Enough for any header written here.
inline constexpr std::size_t kProxyHeaderSpace = kMaxProxyLine;
// Octets written, 0 for a version other than 1 and 2. Where the families differ, IPv4 is written as
// an IPv4-mapped IPv6 address; where one is AF_UNSPEC, the header is UNKNOWN or LOCAL.
std::size_t write_proxy_header(unsigned version, Endpoint source, Endpoint destination,
                               std::span<char, kProxyHeaderSpace> out);

}  // namespace gatehouse::worker
