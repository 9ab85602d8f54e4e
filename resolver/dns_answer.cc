// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_answer.h"

#include <ares.h>

#include <algorithm>
#include <cstring>

namespace gatehouse::resolver {
namespace {

constexpr int kMostAddresses = 16;  // more are of no use to anyone
constexpr std::size_t kHeader = 12;

// RFC 1035 4.1.1
constexpr unsigned char kResponse = 0x80;       // of octet 2
constexpr unsigned char kAuthoritative = 0x04;  // of octet 2
constexpr unsigned char kTruncatedFlag = 0x02;  // of octet 2
constexpr unsigned char kRecursion = 0x80;      // of octet 3
constexpr unsigned char kResponseCode = 0x0f;   // of octet 3
constexpr unsigned char kNoError = 0, kNoSuchName = 3;

template <class Record>
void take(const Record& record, sa_family_t family, const void* octets, Reply* reply) {
  IpAddress address;
  address.family = family;
  std::memcpy(address.octets.data(), octets, address.size());
  const auto ttl = static_cast<std::uint32_t>(std::max(record.ttl, 0));
  reply->ttl = reply->addresses.empty() ? ttl : std::min(reply->ttl, ttl);
  reply->addresses.push_back(address);
}

// What ares_parse_a_reply(3) or ares_parse_aaaa_reply(3) says.
int parse(std::span<const unsigned char> message, RecordType type, Reply* reply) {
  const int length = static_cast<int>(message.size());
  int count = kMostAddresses;
  int status;
  if (type == RecordType::kA) {
    ares_addrttl records[kMostAddresses];
    status = ares_parse_a_reply(message.data(), length, nullptr, records, &count);
    for (int i = 0; i < count; ++i) take(records[i], AF_INET, &records[i].ipaddr, reply);
  } else {
    ares_addr6ttl records[kMostAddresses];
    status = ares_parse_aaaa_reply(message.data(), length, nullptr, records, &count);
    for (int i = 0; i < count; ++i) take(records[i], AF_INET6, &records[i].ip6addr, reply);
  }
  return status;
}

}  // namespace

Reply read_answer(std::span<const unsigned char> message, RecordType type, bool tcp) {
  Reply reply;
  if (message.size() < kHeader || (message[2] & kResponse) == 0) return reply;
  const unsigned char code = message[3] & kResponseCode;
  if (code == kNoSuchName) reply.outcome = Outcome::kNoName;
  if (code != kNoError) return reply;
  // c-ares cuts what is longer than was asked for.
  const bool cut = (message[2] & kTruncatedFlag) != 0 || message.size() >= kLongestUdpAnswer;
  if (cut && !tcp) return {Outcome::kTruncated, {}, 0};
  const int status = parse(message, type, &reply);
  if (status != ARES_SUCCESS && status != ARES_ENODATA) return {};
  // A server that does not look further, and refers to others, has not said that there is none.
  const bool final = (message[2] & kAuthoritative) != 0 || (message[3] & kRecursion) != 0;
  if (!reply.addresses.empty() || final) reply.outcome = Outcome::kAnswer;
  return reply;
}

}  // namespace gatehouse::resolver
