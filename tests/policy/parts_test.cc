// SPDX-License-Identifier: Apache-2.0
// Paths, globs, names and networks, each against what is obvious or naive.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "policy/language/question.h"
#include "policy/name_index.h"
#include "policy/network_set.h"
#include "policy/path.h"
#include "policy/text_pattern.h"

namespace gatehouse::policy {
namespace {

std::string normal(std::string_view path) {
  std::string out = "old";
  normalize_path(path, &out);
  return out;
}

TEST(Path, EverySpellingIsThePath) {
  const std::pair<const char*, const char*> cases[] = {
      {"/", "/"},
      {"/a", "/a"},
      {"/a?b=/../c", "/a"},
      {"/a#b", "/a"},
      {"*", "*"},
      {"/%61", "/a"},
      {"/%2e%2e/a", "/a"},
      {"/a/../b", "/b"},
      {"/a/./b", "/a/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/.", "/a/b/"},
      {"/..", "/"},
      {"/../../..", "/"},
      {"//a///b", "/a/b"},
      {"/a\\b", "/a/b"},
      {"/a/%5c../b", "/b"},
      {"/a%2fb", "/a%2Fb"},
      {"/a%2F%2e%2e", "/a%2F.."},
      {"/%00", "/%00"},
      {"/%", "/%"},
      {"/%4", "/%4"},
      {"/%zz", "/%zz"},
      {"/%2561", "/%61"},
      {"/...", "/..."},
      {"/.a/..b", "/.a/..b"},
      {"/a/..//../b", "/b"},
      {"/%E4", "/\xe4"},
  };
  for (const auto& [path, wanted] : cases) EXPECT_EQ(normal(path), wanted) << path;
}

// Once normal, always normal; but for what a percent sign may hide.
TEST(Path, NormalPathsStayAsTheyAre) {
  std::mt19937 random(3);
  constexpr std::string_view kOctets = "/.a\\b";
  for (int i = 0; i < 20'000; ++i) {
    std::string path = "/";
    for (unsigned n = random() % 12; n > 0; --n) path += kOctets[random() % kOctets.size()];
    const std::string once = normal(path);
    ASSERT_EQ(normal(once), once) << path;
    ASSERT_TRUE(once.starts_with('/'));
    ASSERT_EQ(once.find("//"), once.npos);
    ASSERT_EQ(("/" + once + "/").find("/../"), once.npos) << path;
  }
}

bool naive_glob(std::string_view glob, std::string_view text) {
  if (glob.empty()) return text.empty();
  if (glob[0] == '*') {
    return naive_glob(glob.substr(1), text) || (!text.empty() && naive_glob(glob, text.substr(1)));
  }
  return !text.empty() && glob[0] == text[0] && naive_glob(glob.substr(1), text.substr(1));
}

TEST(Glob, EqualsTheNaiveMatcher) {
  std::mt19937 random(4);
  for (int i = 0; i < 50'000; ++i) {
    std::string glob, text;
    for (unsigned n = random() % 7; n > 0; --n) glob += "ab*"[random() % 3];
    for (unsigned n = random() % 9; n > 0; --n) text += "ab"[random() % 2];
    ASSERT_EQ(glob_matches(glob, text), naive_glob(glob, text)) << glob << " " << text;
  }
}

TEST(Glob, NothingTakesLong) {
  const std::string text(60'000, 'a');
  EXPECT_FALSE(glob_matches("*a*a*a*a*a*a*a*b", text));
}

TEST(Names, EqualTheNaiveMatcher) {
  std::mt19937 random(5);
  const auto name = [&] {
    std::string made;
    for (unsigned n = 1 + random() % 4; n > 0; --n) {
      made += (made.empty() ? "" : ".") + std::string(1, "abc"[random() % 3]);
    }
    return made;
  };
  for (int round = 0; round < 200; ++round) {
    NameIndex index;
    std::vector<wire::PolicyNames> groups(70);
    for (std::uint32_t g = 0; g < groups.size(); ++g) {
      if (random() % 2 == 0) groups[g].add_exact(name());
      if (random() % 2 == 0) groups[g].add_suffixes(name());
      index.add(g, groups[g]);
    }
    for (int i = 0; i < 50; ++i) {
      const std::string host = name();
      std::array<std::uint64_t, 2> bits{};
      index.match(host, bits);
      for (std::uint32_t g = 0; g < groups.size(); ++g) {
        bool wanted = false;
        for (const auto& exact : groups[g].exact()) wanted |= exact == host;
        for (const auto& suffix : groups[g].suffixes()) {
          wanted |= host == suffix || host.ends_with("." + suffix);
        }
        ASSERT_EQ((bits[g / 64] >> (g % 64) & 1) != 0, wanted) << host;
      }
    }
  }
}

TEST(Names, AreComparedInOneForm) {
  std::array<char, kMaxName> space;
  EXPECT_EQ(normal_name("WWW.Example.COM.", space), "www.example.com");
  EXPECT_EQ(normal_name("", space), "");
  EXPECT_EQ(normal_name(std::string(254, 'a'), space), "");
  EXPECT_EQ(normal_name(std::string(253, 'a'), space).size(), 253U);
}

TEST(Networks, EqualTheNaiveMatcher) {
  std::mt19937 random(6);
  const auto address = [&] {
    IpAddress made{random() % 2 == 0 ? sa_family_t{AF_INET} : sa_family_t{AF_INET6}, {}};
    for (std::size_t i = 0; i < made.size(); ++i) {
      made.octets[i] = static_cast<std::uint8_t>(random() % 3 == 0 ? 255 : random() % 2);
    }
    return made;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<Network> networks;
    for (unsigned n = random() % 20; n > 0; --n) {
      const IpAddress made = address();
      networks.push_back({made, static_cast<unsigned>(random() % (made.size() * 8 + 1))});
    }
    const NetworkSet set(networks);
    for (int i = 0; i < 100; ++i) {
      const IpAddress made = address();
      bool wanted = false;
      for (const Network& network : networks) wanted |= network.contains(made);
      ASSERT_EQ(set.contains(made), wanted) << to_string(made);
    }
  }
  EXPECT_FALSE(NetworkSet({{IpAddress{AF_INET, {}}, 0}}).contains({}));
}

TEST(Times, AreReadInOneForm) {
  EXPECT_EQ(parse_time("1970-01-01T00:00Z"), 0);
  EXPECT_EQ(parse_time("2026-11-24T10:00:00+01:00"), 1'795'510'800);
  EXPECT_EQ(parse_time("2026-11-24T09:00:00Z"), 1'795'510'800);
  EXPECT_EQ(parse_time("2026-11-24T04:30:00-04:30"), 1'795'510'800);
  for (const char* wrong : {"", "2026", "2026-02-30T00:00Z", "2026-11-24 10:00Z",
                            "2026-11-24T10:00", "2026-11-24T24:00Z", "2026-11-24T10:00:60Z",
                            "2026-11-24T10:00Zx", "2026-11-24T10:00+0100"}) {
    EXPECT_FALSE(parse_time(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace gatehouse::policy
