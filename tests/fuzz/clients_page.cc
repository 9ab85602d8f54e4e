// SPDX-License-Identifier: Apache-2.0
// A run-time table with arbitrary octets in it: look-ups end, stay within it, and give what is
// within their own bounds. The input is a list of stores; they are taken back afterwards, as the
// table is large. Behind it lies memory that nobody may touch.
#include <sys/mman.h>

#include <cstring>
#include <vector>

#include "base/check.h"
#include "policy/clients/clients_view.h"
#include "policy/clients/key.h"

namespace gatehouse::fuzz {
namespace {

using clients::Kind;
using clients::Page;
using clients::Table;

Page* make_page() {
  constexpr std::size_t kGuard = 1 << 20;
  const std::size_t size = (sizeof(Page) + 4095) / 4096 * 4096;
  auto* memory = static_cast<std::uint8_t*>(
      mmap(nullptr, size + 2 * kGuard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  CHECK(memory != MAP_FAILED && mprotect(memory + kGuard, size, PROT_READ | PROT_WRITE) == 0);
  return reinterpret_cast<Page*>(memory + kGuard + size - sizeof(Page));
}

IpAddress client(std::uint8_t last) { return {AF_INET, {10, 0, 0, last}}; }

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  bool empty() const { return left_ == 0; }
  std::uint64_t number(std::size_t octets) {
    std::uint64_t value = 0;
    const std::size_t n = std::min(octets, left_);
    std::memcpy(&value, data_, n);
    data_ += n;
    left_ -= n;
    return value;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

void look_up(const Page* page) {
  const clients::ClientsView view(page);
  std::vector<std::string> labels;
  IpAddress six;
  six.family = AF_INET6;
  for (std::uint8_t last = 0; last < 4; ++last) {
    view.labels(client(last), 0, &labels);
    CHECK(labels.size() <= 129 * clients::kMaxLabels);
    for (const std::string& label : labels) CHECK(label.size() <= clients::kMaxText);
    view.bypass(client(last), 0);
    view.grant(client(last), "a.example", 0);
    six.octets[15] = last;
    view.labels(six, 0, &labels);
    view.may_have_grants(six);
    if (const auto network = view.removal(last)) {
      CHECK(network->prefix <= network->address.size() * 8);
    }
  }
}

// A word somewhere in the page, and what it was.
struct Store {
  clients::Word* word;
  std::uint64_t was;
};

// Where stores matter: near the beginning, in the buckets that look-ups go through, and in entries.
clients::Word* place(Page* page, std::uint64_t where) {
  Table& table = page->tables[where & 1];
  const std::uint64_t which = where >> 3;
  auto* const words = reinterpret_cast<clients::Word*>(page);
  switch (where >> 1 & 3) {
    case 0:
      return words + which % 64;
    case 1:
      return &table.prefixes[which % 3][which / 3 % 2][which / 6 % 3];
    case 2: {
      const std::uint64_t hash =
          clients::hash_of({}, static_cast<Kind>(which % 3), client(which / 3 % 4), 32,
                           which % 3 == 2 ? "a.example" : "");
      auto* const bucket = &table.buckets[hash % clients::kBuckets];
      return reinterpret_cast<clients::Word*>(reinterpret_cast<std::uintptr_t>(bucket) & ~7ULL);
    }
    default:
      return &table.entries[which % 8].record[which / 8 % clients::kRecordWords];
  }
}

void play(const std::uint8_t* data, std::size_t size) {
  static Page* const page = make_page();
  std::vector<Store> stores;
  Input input(data, size);
  while (!input.empty() && stores.size() < 256) {
    clients::Word* const word = place(page, input.number(2));
    stores.push_back({word, word->load()});
    word->store(input.number(8));
  }
  look_up(page);
  for (std::size_t i = stores.size(); i-- > 0;) stores[i].word->store(stores[i].was);
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gatehouse::fuzz::play(data, size);
  return 0;
}
