// SPDX-License-Identifier: Apache-2.0
// What is hard to guess about a question, and that guesses which are wrong change nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/resolver/asker.h"
#include "tests/resolver/dns_lab.h"

namespace gatehouse::resolver {
namespace {

constexpr char kZone[] = R"({
  "*.good.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
  "wrong-id.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"], "do": "wrong-id"},
  "wrong-question.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"], "do": "wrong-question"},
  "elsewhere.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"], "do": "elsewhere"},
  "empty.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"], "do": "empty"},
  "short.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"], "do": "short"},
  "forged.example": {"do": "only-forged"},
  "garbage.example": {"do": "garbage"}
})";

TEST(DnsForgery, WhatIsNotTheServersAnswerToThisQuestionIsIgnored) {
  DnsLab lab(kZone);
  Asker asker(lab.endpoint(), 400);
  for (const char* name : {"wrong-id.example", "wrong-question.example", "elsewhere.example",
                           "empty.example", "short.example"}) {
    for (int i = 0; i < 5; ++i) {
      const auto [a, aaaa] = asker.resolve(name);
      ASSERT_EQ(a.outcome, Outcome::kAnswer) << name;
      ASSERT_EQ(a.addresses.size(), 1U) << name;
      EXPECT_EQ(to_string(a.addresses[0]), "192.0.2.1") << name;
      ASSERT_EQ(aaaa.addresses.size(), 1U) << name;
      EXPECT_EQ(to_string(aaaa.addresses[0]), "2001:db8::1") << name;
    }
  }
  EXPECT_EQ(asker.resolve("forged.example").first.outcome, Outcome::kSilence);
  EXPECT_EQ(asker.resolve("garbage.example").first.outcome, Outcome::kSilence);
}

// Of one bit over the samples: within 5 standard deviations of one half.
void expect_fair_bits(const std::vector<unsigned>& values, int bits) {
  const double n = static_cast<double>(values.size());
  for (int bit = 0; bit < bits; ++bit) {
    const auto ones = static_cast<double>(std::count_if(
        values.begin(), values.end(), [&](unsigned value) { return (value >> bit & 1) != 0; }));
    EXPECT_LT(std::abs(ones - n / 2), 5 * std::sqrt(n) / 2) << "bit " << bit;
  }
}

// Chi-square over 16 equal classes; 49.6 is exceeded by chance once in 70,000 times.
double chi_square(const std::vector<unsigned>& values) {
  std::map<unsigned, double> count;
  for (const unsigned value : values) ++count[value >> 12];
  const double expected = static_cast<double>(values.size()) / 16;
  double sum = 0;
  for (unsigned i = 0; i < 16; ++i) {
    sum += (count[i] - expected) * (count[i] - expected) / expected;
  }
  return sum;
}

TEST(DnsForgery, QueryIdsAndPortsCanNotBeGuessed) {
  constexpr int kQuestions = 1000;
  DnsLab lab(kZone);
  {
    Asker asker(lab.endpoint());
    for (int i = 0; i < kQuestions; ++i) {
      asker.resolve("n" + std::to_string(i) + ".good.example");
    }
  }
  std::vector<unsigned> ids, differences, ports;
  std::set<unsigned> different_ports;
  for (const LoggedQuery& query : lab.queries()) {
    ids.push_back(query.id);
    different_ports.insert(query.port);
    if (query.type == "A") ports.push_back(query.port);
  }
  ASSERT_EQ(ids.size(), 2U * kQuestions);
  for (std::size_t i = 1; i < ids.size(); ++i)
    differences.push_back((ids[i] - ids[i - 1]) & 0xffff);
  EXPECT_LT(std::count(differences.begin(), differences.end(), 0U), 4);
  EXPECT_LT(std::count(differences.begin(), differences.end(), 1U), 4);
  expect_fair_bits(ids, 16);
  expect_fair_bits(differences, 16);
  EXPECT_LT(chi_square(ids), 49.6);
  EXPECT_LT(chi_square(differences), 49.6);
  // 2,000 draws of 65,536 hit about 1,970 different values.
  EXPECT_GT(std::set<unsigned>(ids.begin(), ids.end()).size(), 1920U);

  // The kernel chooses among 28,232 ports by default: 1,000 draws, one for each question.
  EXPECT_GT(different_ports.size(), 850U);
  std::size_t neighbours = 0;
  for (std::size_t i = 1; i < ports.size(); ++i) {
    neighbours +=
        std::abs(static_cast<int>(ports[i]) - static_cast<int>(ports[i - 1])) <= 2 ? 1 : 0;
  }
  EXPECT_LT(neighbours, 20U);
  RecordProperty("different_ids", static_cast<int>(std::set(ids.begin(), ids.end()).size()));
  RecordProperty("different_ports", static_cast<int>(different_ports.size()));
}

}  // namespace
}  // namespace gatehouse::resolver
