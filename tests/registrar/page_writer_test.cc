// SPDX-License-Identifier: Apache-2.0
// One writer and readers at the same time.
#include "registrar/page_writer.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/registrar/surroundings.h"

namespace gatehouse::registrar {
namespace {

clients::Record record_of(std::uint32_t number, std::uint32_t round) {
  clients::Record record;
  record.family = 4;
  record.prefix = 32;
  record.until_ms = kNow + kHour;
  record.address = {10, static_cast<std::uint8_t>(number >> 16),
                    static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
  // Each octet of it says the same, so that a mixture would show.
  std::string text = "n" + std::to_string(number) + "=";
  while (text.size() < 60) text += static_cast<char>('a' + round % 26);
  record.text_size = static_cast<std::uint32_t>(text.size());
  std::copy(text.begin(), text.end(), record.text.begin());
  return record;
}

IpAddress address_of(std::uint32_t number) {
  IpAddress address;
  address.family = AF_INET;
  address.octets = record_of(number, 0).address;
  return address;
}

// What is always there is always found; what changes is one of its states, whole.
TEST(PageWriter, ReadersSeeWholeEntriesWhileItWrites) {
  constexpr std::uint32_t kStable = 2000, kChanging = 2000, kRounds = 60;
  PageMemory page;
  PageWriter writer(page.get(), {5, 6});
  for (std::uint32_t i = 0; i < kStable; ++i) writer.put(record_of(i, 0));
  writer.publish();
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> looks{0}, faults{0};
  const auto reader = [&](std::uint32_t at) {
    const clients::ClientsView view(page.get());
    while (!done) {
      at = (at * 1103515245U + 12345U) % (kStable + kChanging);
      const std::string text = labels_of(view, address_of(at));
      const std::string name = "n" + std::to_string(at) + "=";
      const bool whole = text.size() == 60 && text.starts_with(name) &&
                         text.find_first_not_of(text.back(), name.size()) == text.npos;
      if (at < kStable ? !whole || text.back() != 'a' : !whole && !text.empty()) ++faults;
      ++looks;
    }
  };
  std::thread first(reader, 1), second(reader, 2);
  for (std::uint32_t round = 0; round < kRounds || looks < 100'000; ++round) {
    for (std::uint32_t i = 0; i < kChanging; ++i) writer.put(record_of(kStable + i, round));
    for (std::uint32_t i = 0; i < kChanging; i += 3) writer.remove(record_of(kStable + i, 0));
  }
  done = true;
  first.join();
  second.join();
  EXPECT_EQ(faults, 0u) << "of " << looks << " looks";
}

TEST(PageWriter, RemovalsAreRemembered) {
  PageMemory page;
  PageWriter writer(page.get(), {5, 6});
  const clients::ClientsView view(page.get());
  EXPECT_EQ(view.removals(), 0u);
  EXPECT_FALSE(view.removal(1));
  for (std::uint32_t i = 1; i <= clients::kRemovals + 10; ++i) {
    writer.note_removal(record_of(i, 0));
    const auto network = view.removal(view.removals());
    ASSERT_TRUE(network);
    EXPECT_EQ(network->address, address_of(i));
    EXPECT_EQ(network->prefix, 32u);
  }
  EXPECT_FALSE(view.removal(10)) << "overwritten";
  EXPECT_TRUE(view.removal(11));
}

}  // namespace
}  // namespace gatehouse::registrar
