// SPDX-License-Identifier: Apache-2.0
#include "policy/clients/clients_view.h"

#include <random>

#include "policy/clients/key.h"
#include "tests/registrar/surroundings.h"

namespace gatehouse::registrar {
namespace {

class ClientsViewTest : public ::testing::Test {
 protected:
  ClientsViewTest() : registry_(files_.open(), PageWriter(page_.get(), {1, 2})) {
    EXPECT_TRUE(registry_.load(kNow));
  }
  void put(const Entry& entry) { ASSERT_TRUE(registry_.put(entry, kNow)); }

  JournalFiles files_;
  PageMemory page_;
  Registry registry_;
  clients::ClientsView view_{page_.get()};
};

IpAddress v6(std::uint8_t first, std::uint8_t last) {
  IpAddress address;
  address.family = AF_INET6;
  address.octets[0] = first;
  address.octets[15] = last;
  return address;
}

TEST_F(ClientsViewTest, TheMostSpecificNetworkHasTheWordForEachKey) {
  put(client(v4(10, 0, 0, 0), 8, {"role=guest", "site=hq"}));
  put(client(v4(10, 1, 0, 0), 16, {"floor=3", "site=lab"}));
  put(client(v4(10, 1, 2, 3), 32, {"role=staff"}));
  EXPECT_EQ(labels_of(view_, v4(10, 1, 2, 3)), "role=staff floor=3 site=lab");
  EXPECT_EQ(labels_of(view_, v4(10, 1, 2, 4)), "floor=3 site=lab role=guest");
  EXPECT_EQ(labels_of(view_, v4(10, 2, 2, 3)), "role=guest site=hq");
  EXPECT_EQ(labels_of(view_, v4(11, 0, 0, 1)), "");
  EXPECT_EQ(labels_of(view_, v6(10, 1)), "");
  EXPECT_TRUE(view_.has_client(v4(10, 9, 9, 9), kNow));
  EXPECT_FALSE(view_.has_client(v4(11, 0, 0, 1), kNow));
}

TEST_F(ClientsViewTest, EveryPrefixOfBothFamilies) {
  for (unsigned prefix = 0; prefix <= 128; ++prefix) {
    IpAddress address = v6(0x20, 1);
    put(client(clients::first_bits(address, prefix), prefix,
               {"p" + std::to_string(prefix) + "=1"}));
    if (prefix > 32) continue;
    put(client(clients::first_bits(v4(255, 255, 255, 255), prefix), prefix,
               {"q" + std::to_string(prefix) + "=1"}));
  }
  std::vector<std::string> labels;
  view_.labels(v6(0x20, 1), kNow, &labels);
  EXPECT_EQ(labels.size(), 129u);
  EXPECT_EQ(labels.front(), "p128=1");
  EXPECT_EQ(labels.back(), "p0=1");
  view_.labels(v4(255, 255, 255, 255), kNow, &labels);
  EXPECT_EQ(labels.size(), 33u);
  view_.labels(v4(0, 0, 0, 1), kNow, &labels);
  EXPECT_EQ(labels, std::vector<std::string>{"q0=1"});
}

TEST_F(ClientsViewTest, GrantsAreForOneHost) {
  EXPECT_FALSE(view_.may_have_grants(v4(10, 0, 0, 1)));
  put(grant(v4(10, 0, 0, 1), "a.example"));
  EXPECT_TRUE(view_.may_have_grants(v4(10, 0, 0, 1)));
  EXPECT_FALSE(view_.may_have_grants(v6(1, 1)));
  EXPECT_EQ(view_.grant(v4(10, 0, 0, 1), "a.example", kNow), 1u);
  EXPECT_EQ(view_.grant(v4(10, 0, 0, 1), "b.example", kNow), 0u);
  EXPECT_EQ(view_.grant(v4(10, 0, 0, 1), "", kNow), 0u);
  EXPECT_EQ(view_.grant(v4(10, 0, 0, 2), "a.example", kNow), 0u);
  EXPECT_EQ(view_.grant(v4(10, 0, 0, 1), "a.example", kNow + kHour), 0u);
  EXPECT_EQ(view_.grant(v4(10, 0, 0, 1), std::string(5000, 'a'), kNow), 0u);
}

TEST_F(ClientsViewTest, KindsDoNotMix) {
  put(client(v4(10, 0, 0, 1), 32, {"a=b"}));
  EXPECT_EQ(view_.bypass(v4(10, 0, 0, 1), kNow), 0u);
  put(entry_of(Entry::BYPASS, v4(10, 0, 0, 0), 24));
  EXPECT_EQ(view_.bypass(v4(10, 0, 0, 1), kNow), 2u);
  EXPECT_EQ(view_.bypass(v4(10, 0, 1, 1), kNow), 0u);
  EXPECT_EQ(labels_of(view_, v4(10, 0, 0, 1)), "a=b");
}

// Octets of any kind: look-ups end, and what they give is within bounds. (Also a fuzz target.)
TEST(ClientsViewHostile, APageOfNoise) {
  PageMemory page;
  std::mt19937_64 random(7);
  auto* words = reinterpret_cast<std::uint64_t*>(page.get());
  for (std::size_t i = 0; i < sizeof(clients::Page) / sizeof(std::uint64_t); ++i)
    words[i] = random();
  const clients::ClientsView view(page.get());
  std::vector<std::string> labels;
  for (std::uint32_t i = 0; i < 300; ++i) {
    const IpAddress address =
        v4(10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i));
    view.labels(address, 0, &labels);
    view.grant(address, "a.example", 0);
    view.bypass(v6(1, static_cast<std::uint8_t>(i)), 0);
    if (const auto network = view.removal(i)) {
      EXPECT_LE(network->prefix, network->address.size() * 8);
    }
  }
}

// Chains that lead into themselves or out of the table, and the one text that is too long.
TEST(ClientsViewHostile, WrongLinksAndSizes) {
  PageMemory page;
  PageWriter writer(page.get(), {1, 2});
  clients::Record record;
  record.family = 4;
  record.prefix = 32;
  record.until_ms = kNow + 1;
  record.address = {10, 0, 0, 1};
  record.text_size = 3;
  record.text = {'a', '=', 'b'};
  writer.put(record);
  writer.publish();
  const clients::ClientsView view(page.get());
  ASSERT_EQ(labels_of(view, v4(10, 0, 0, 1)), "a=b");
  clients::Table& table = page.get()->tables[page.get()->active.load() & 1];
  const std::uint32_t entry = 0;
  for (const std::uint32_t link : {1U, 2U, clients::kEntries, clients::kEntries + 1, ~0U}) {
    table.entries[entry].next.store(link);
    for (auto& bucket : table.buckets) bucket.store(link);
    labels_of(view, v4(10, 0, 0, 1));
    labels_of(view, v4(10, 0, 0, 2));
  }
  for (auto& bucket : table.buckets) bucket.store(1);
  record.hash = table.entries[entry].record[0].load();
  record.text_size = ~0U;
  record.text.fill('x');
  std::uint64_t words[clients::kRecordWords];
  std::memcpy(words, static_cast<const void*>(&record), sizeof words);
  for (std::size_t i = 0; i < clients::kRecordWords; ++i)
    table.entries[entry].record[i].store(words[i]);
  EXPECT_EQ(labels_of(view, v4(10, 0, 0, 1)).size(), clients::kMaxText);
  // Changes without end look like a writer that is always in the way: given up, not waited for.
  table.changes.store(~0ULL);
  labels_of(view, v4(10, 0, 0, 1));
}

}  // namespace
}  // namespace gatehouse::registrar
