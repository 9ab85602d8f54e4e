// SPDX-License-Identifier: Apache-2.0
#include "resolver/dns_answer.h"

#include <gtest/gtest.h>

#include <string>

namespace gatehouse::resolver {
namespace {

using namespace std::string_literals;

// A message with the question "a." IN type, flags and answer records as given.
std::string message(const std::string& flags, const std::string& records, char count,
                    char type = 1) {
  return "\x12\x34"s + flags + "\0\1\0"s + count + "\0\0\0\0"s + "\1a\0\0"s + type + "\0\1"s +
         records;
}
const std::string kGood = "\x81\x80"s;

std::string record(char type, std::uint32_t ttl, const std::string& data,
                   const std::string& owner = "\xc0\x0c"s) {
  std::string text = owner + "\0"s + type + "\0\1"s;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(ttl >> shift);
  return text + static_cast<char>(data.size() >> 8) + static_cast<char>(data.size()) + data;
}
const std::string kAddress = "\xc0\x00\x02\x01"s;
const std::string kAddress6 = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"s;

Reply read(const std::string& text, RecordType type = RecordType::kA, bool tcp = false) {
  return read_answer({reinterpret_cast<const unsigned char*>(text.data()), text.size()}, type, tcp);
}

TEST(DnsAnswer, TakesAddressesAndTheShortestTtl) {
  const Reply reply = read(message(kGood, record(1, 300, kAddress) + record(1, 20, kAddress), 2));
  EXPECT_EQ(reply.outcome, Outcome::kAnswer);
  ASSERT_EQ(reply.addresses.size(), 2U);
  EXPECT_EQ(to_string(reply.addresses[0]), "192.0.2.1");
  EXPECT_EQ(reply.ttl, 20U);

  const Reply reply6 = read(message(kGood, record(28, 7, kAddress6), 1, 28), RecordType::kAaaa);
  ASSERT_EQ(reply6.addresses.size(), 1U);
  EXPECT_EQ(to_string(reply6.addresses[0]), "2001:db8::1");
  EXPECT_EQ(reply6.ttl, 7U);
}

TEST(DnsAnswer, FollowsAliasesWithinTheAnswer) {
  const std::string alias = record(5, 5, "\1b\0"s);
  const std::string target = record(1, 300, kAddress, "\1b\0"s);
  const Reply reply = read(message(kGood, alias + target, 2));
  ASSERT_EQ(reply.addresses.size(), 1U);
  EXPECT_EQ(reply.ttl, 5U) << "the alias is not valid for longer";
  EXPECT_TRUE(read(message(kGood, alias, 1)).addresses.empty());
  EXPECT_EQ(read(message(kGood, alias, 1)).outcome, Outcome::kAnswer);
}

TEST(DnsAnswer, RecordsOfOtherNamesTypesAndSizesAreLeftOut) {
  const std::string other = record(1, 300, kAddress, "\1b\0"s);
  EXPECT_TRUE(read(message(kGood, other, 1)).addresses.empty());
  EXPECT_TRUE(read(message(kGood, record(28, 300, kAddress6), 1)).addresses.empty());
  EXPECT_TRUE(read(message(kGood, record(1, 300, kAddress + "x"), 1)).addresses.empty());
}

TEST(DnsAnswer, ATtlBeyondTheSignIsZero) {
  EXPECT_EQ(read(message(kGood, record(1, 0x80000000U, kAddress), 1)).ttl, 0U);
  EXPECT_EQ(read(message(kGood, record(1, 0xffffffffU, kAddress), 1)).ttl, 0U);
}

TEST(DnsAnswer, NoMoreThanSixteenAddresses) {
  std::string records;
  for (int i = 0; i < 60; ++i) records += record(1, 300, kAddress);
  EXPECT_EQ(read(message(kGood, records, 60), RecordType::kA, true).addresses.size(), 16U);
}

TEST(DnsAnswer, CodesMeanWhatTheySay) {
  EXPECT_EQ(read(message("\x81\x83"s, "", 0)).outcome, Outcome::kNoName);
  EXPECT_EQ(read(message(kGood, "", 0)).outcome, Outcome::kAnswer) << "no such address";
  for (const char code : {1, 2, 4, 5, 6, 9, 15}) {
    const std::string flags = "\x81"s + static_cast<char>(0x80 | code);
    EXPECT_EQ(read(message(flags, record(1, 300, kAddress), 1)).outcome, Outcome::kFailure);
  }
}

TEST(DnsAnswer, AReferralIsNoAnswer) {
  EXPECT_EQ(read(message("\x81\x00"s, "", 0)).outcome, Outcome::kFailure);
  EXPECT_EQ(read(message("\x85\x00"s, "", 0)).outcome, Outcome::kAnswer) << "authoritative";
}

TEST(DnsAnswer, AQueryIsNoAnswer) {
  EXPECT_EQ(read(message("\x01\x80"s, record(1, 300, kAddress), 1)).outcome, Outcome::kFailure);
}

TEST(DnsAnswer, WhatIsCutShortIsAskedForOverTcp) {
  const std::string cut = message("\x83\x80"s, record(1, 300, kAddress), 1);
  EXPECT_EQ(read(cut).outcome, Outcome::kTruncated);
  EXPECT_TRUE(read(cut).addresses.empty());
  EXPECT_EQ(read(cut, RecordType::kA, true).outcome, Outcome::kAnswer);
  std::string records;
  for (int i = 0; i < 100; ++i) records += record(1, 300, kAddress);
  EXPECT_EQ(read(message(kGood, records, 100)).outcome, Outcome::kTruncated);
}

TEST(DnsAnswer, EveryShorterMessageIsAFailureOrSaysNothing) {
  const std::string whole = message(kGood, record(1, 300, kAddress) + record(1, 9, kAddress), 2);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    // In memory of exactly this size, so that a sanitizer sees every read beyond it.
    const std::vector<unsigned char> part(whole.begin(), whole.begin() + static_cast<long>(length));
    const Reply reply = read_answer(part, RecordType::kA, false);
    EXPECT_EQ(reply.outcome, Outcome::kFailure) << length;
    EXPECT_TRUE(reply.addresses.empty()) << length;
  }
}

TEST(DnsAnswer, ALoopOfPointersEnds) {
  EXPECT_EQ(read(message(kGood, record(1, 300, kAddress, "\xc0\x13"s), 1)).outcome,
            Outcome::kFailure);
  EXPECT_EQ(read(message(kGood, record(5, 300, "\xc0\x1f"s), 1)).outcome, Outcome::kFailure);
}

}  // namespace
}  // namespace gatehouse::resolver
