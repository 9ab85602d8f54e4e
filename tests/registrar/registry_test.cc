// SPDX-License-Identifier: Apache-2.0
#include "registrar/registry.h"

#include "tests/registrar/surroundings.h"

namespace gatehouse::registrar {
namespace {

class RegistryTest : public ::testing::Test {
 protected:
  // A registrar that starts at this moment.
  std::unique_ptr<Registry> start(std::int64_t now = kNow) {
    auto registry = std::make_unique<Registry>(files_.open(), PageWriter(page_.get(), {1, 2}));
    EXPECT_TRUE(registry->load(now));
    return registry;
  }
  std::vector<std::string> hosts(const Registry& registry) {
    std::vector<std::string> found;
    registry.each(Entry::GRANT, "", [&](const std::string&, const Entry& entry) {
      found.push_back(entry.host());
      return true;
    });
    return found;
  }

  JournalFiles files_;
  PageMemory page_;
  clients::ClientsView view_{page_.get()};
};

TEST_F(RegistryTest, ARestartKeepsWhatHasNotExpired) {
  {
    const auto registry = start();
    ASSERT_TRUE(registry->put(client(v4(10, 0, 0, 1), 32, {"role=guest"}), kNow));
    ASSERT_TRUE(registry->put(client(v4(10, 0, 0, 2), 32, {"role=staff"}), kNow));
    Entry shorter = client(v4(10, 0, 0, 3), 32, {"role=boss"});
    shorter.set_until_ms(kNow + 1000);
    ASSERT_TRUE(registry->put(shorter, kNow));
    ASSERT_TRUE(registry->remove(client(v4(10, 0, 0, 2), 32, {}), kNow));
    ASSERT_TRUE(registry->put(grant(v4(10, 0, 0, 1), "a.example"), kNow));
  }
  PageMemory other;  // as after a restart of the host
  Registry registry(files_.open(), PageWriter(other.get(), {3, 4}));
  ASSERT_TRUE(registry.load(kNow + 1000));
  const clients::ClientsView view(other.get());
  EXPECT_EQ(labels_of(view, v4(10, 0, 0, 1)), "role=guest");
  EXPECT_EQ(labels_of(view, v4(10, 0, 0, 2)), "");
  EXPECT_EQ(labels_of(view, v4(10, 0, 0, 3)), "");
  EXPECT_EQ(view.grant(v4(10, 0, 0, 1), "a.example", kNow), 4u);
  EXPECT_EQ(registry.size(), 2u);
}

// Readers of a page that outlives its writer never miss what holds.
TEST_F(RegistryTest, ANewRegistrarTakesThePageOver) {
  ASSERT_TRUE(start()->put(client(v4(10, 0, 0, 1), 32, {"role=guest"}), kNow));
  EXPECT_EQ(labels_of(view_, v4(10, 0, 0, 1)), "role=guest");
  Registry registry(files_.open(), PageWriter(page_.get(), {3, 4}));
  EXPECT_EQ(labels_of(view_, v4(10, 0, 0, 1)), "role=guest") << "before it has loaded";
  ASSERT_TRUE(registry.load(kNow));
  EXPECT_EQ(labels_of(view_, v4(10, 0, 0, 1)), "role=guest");
  ASSERT_TRUE(registry.remove(client(v4(10, 0, 0, 1), 32, {}), kNow));
  EXPECT_EQ(labels_of(view_, v4(10, 0, 0, 1)), "");
}

TEST_F(RegistryTest, NumbersAreNeverGivenTwice) {
  {
    const auto registry = start();
    EXPECT_EQ(registry->put(grant(v4(10, 0, 0, 1), "a.example"), kNow)->number(), 1u);
    EXPECT_EQ(registry->put(grant(v4(10, 0, 0, 1), "b.example"), kNow)->number(), 2u);
    ASSERT_TRUE(registry->remove(grant(v4(10, 0, 0, 1), "b.example"), kNow));
  }
  EXPECT_EQ(start()->put(grant(v4(10, 0, 0, 1), "c.example"), kNow)->number(), 3u);
}

TEST_F(RegistryTest, WhatExpiresIsGoneByItself) {
  const auto registry = start();
  ASSERT_TRUE(registry->put(client(v4(10, 0, 0, 1), 32, {"a=b"}), kNow));
  EXPECT_EQ(registry->expire(kNow), kNow + kHour);
  EXPECT_EQ(labels_of(view_, v4(10, 0, 0, 1), kNow + kHour - 1), "a=b");
  EXPECT_EQ(labels_of(view_, v4(10, 0, 0, 1), kNow + kHour), "") << "without the registrar";
  registry->expire(kNow + kHour);
  EXPECT_EQ(registry->size(), 0u);
  EXPECT_FALSE(registry->remove(client(v4(10, 0, 0, 1), 32, {}), kNow + kHour));
}

TEST_F(RegistryTest, APutReplacesTheOneWithItsKey) {
  const auto registry = start();
  ASSERT_TRUE(registry->put(client(v4(10, 0, 0, 1), 32, {"a=b", "c=d"}), kNow));
  Entry longer = client(v4(10, 0, 0, 1), 32, {"a=x"});
  longer.set_until_ms(kNow + 2 * kHour);
  ASSERT_TRUE(registry->put(longer, kNow));
  EXPECT_EQ(registry->size(), 1u);
  EXPECT_EQ(labels_of(view_, v4(10, 0, 0, 1)), "a=x");
  EXPECT_EQ(registry->expire(kNow + kHour), kNow + 2 * kHour) << "the old expiry is gone";
}

TEST_F(RegistryTest, AFullTableSaysSo) {
  const auto registry = start();
  for (std::uint32_t i = 0; i < clients::kCapacity; ++i) {
    const IpAddress address = v4(10, static_cast<std::uint8_t>(i >> 16),
                                 static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i));
    ASSERT_TRUE(registry->put(client(address, 32, {"number=" + std::to_string(i)}), kNow)) << i;
  }
  const auto refused = registry->put(client(v4(11, 0, 0, 1), 32, {"a=b"}), kNow);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("table is full: 65536"), std::string::npos);
  EXPECT_TRUE(registry->put(client(v4(10, 0, 0, 7), 32, {"a=b"}), kNow))
      << "in the place of another";
  EXPECT_EQ(labels_of(view_, v4(10, 0, 0, 7)), "a=b");
  EXPECT_EQ(labels_of(view_, v4(10, 0, 255, 255)), "number=65535");
  EXPECT_EQ(registry->expire(kNow + kHour), std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(registry->put(client(v4(11, 0, 0, 1), 32, {"a=b"}), kNow))
      << "expired ones make room";
}

TEST_F(RegistryTest, ALongJournalIsShortened) {
  const auto registry = start();
  Entry entry = grant(v4(10, 0, 0, 1), std::string(200, 'a'));
  entry.set_reason(std::string(200, 'r'));
  std::uint64_t longest = 0;
  for (int i = 0; i < 6000; ++i) {
    ASSERT_TRUE(registry->put(entry, kNow));
    ASSERT_TRUE(registry->sync());
    ASSERT_TRUE(registry->shorten());
    longest = std::max(longest, registry->journal().size());
  }
  EXPECT_LT(longest, Registry::kShortJournal + 1024);
  EXPECT_EQ(start()->put(entry, kNow)->number(), 6001u);
  EXPECT_EQ(hosts(*registry).size(), 1u);
}

}  // namespace
}  // namespace gatehouse::registrar
