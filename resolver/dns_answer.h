// SPDX-License-Identifier: Apache-2.0
// What one answer of a DNS server means.
//
// Trusts: nothing. c-ares has compared its id and question with those of the query.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"

namespace gatehouse::resolver {

enum class RecordType { kA = 1, kAaaa = 28 };

// Of an answer over UDP (RFC 1035 4.2.1); longer ones come truncated and are asked for again over
// TCP. Addresses rarely need more. Without EDNS there are no fragments, which are easy to forge,
// and no servers to tell apart that don't know it: c-ares gives it up for good where one answer
// says so.
inline constexpr int kLongestUdpAnswer = 512;  // octets

enum class Outcome {
  kAnswer,     // addresses; none: the name has none of this type
  kNoName,     // there is no such name
  kTruncated,  // to be asked for over TCP
  kFailure,    // the server can't say, or makes no sense: another server may know
  kSilence,    // no answer in time, or the server can't be reached
};

struct Reply {
  Outcome outcome = Outcome::kFailure;
  std::vector<IpAddress> addresses;
  std::uint32_t ttl = 0;  // seconds, the shortest of the addresses and the aliases before them
};

Reply read_answer(std::span<const unsigned char> message, RecordType type, bool tcp);

}  // namespace gatehouse::resolver
