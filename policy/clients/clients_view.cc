// SPDX-License-Identifier: Apache-2.0
#include "policy/clients/clients_view.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "policy/clients/key.h"

namespace gatehouse::clients {
namespace {

// A chain is as long as so many keys of 65,536 fall into one of 131,072 buckets, which is below 16.
constexpr int kLongestWalk = 64;
// Of a look-up that was stopped for so long that the table is another one.
constexpr int kAttempts = 4;

bool same_key(const Record& a, const Record& b) {
  return a.kind == b.kind && a.family == b.family && a.prefix == b.prefix &&
         a.address == b.address && (a.kind != Kind::kGrant || view_text(a) == view_text(b));
}

std::string_view key_of(std::string_view label) { return label.substr(0, label.find('=')); }

// False also where the chain leads nowhere.
bool walk(const Table& table, const Record& key, Record* found) {
  std::uint32_t at = table.buckets[key.hash % kBuckets].load(std::memory_order_acquire);
  for (int step = 0; step < kLongestWalk && at != 0 && at <= kEntries; ++step) {
    const Entry& entry = table.entries[at - 1];
    if (entry.record[0].load(std::memory_order_relaxed) == key.hash) {
      std::array<std::uint64_t, kRecordWords> words;
      for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = entry.record[i].load(std::memory_order_relaxed);
      }
      std::memcpy(static_cast<void*>(found), words.data(), sizeof *found);
      if (same_key(*found, key)) return true;
    }
    at = entry.next.load(std::memory_order_acquire);
  }
  return false;
}

}  // namespace

bool ClientsView::find(const Record& key, Record* found) const {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Table& current = table();
    const std::uint64_t before = current.changes.load(std::memory_order_acquire);
    const bool there = walk(current, key, found);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (current.changes.load(std::memory_order_relaxed) - before < kRest) return there;
  }
  return false;
}

template <class Take>
bool ClientsView::each(Kind kind, const IpAddress& client, std::string_view host,
                       std::int64_t now_ms, Take take) const {
  if (client.family == AF_UNSPEC || host.size() > kMaxText) return false;
  const bool six = client.family == AF_INET6;
  const Word* prefixes = table().prefixes[static_cast<std::size_t>(kind)][six ? 1 : 0];
  const unsigned longest = six ? 128 : 32;
  Record key, found;
  bool prepared = false;
  lists::SipKey seed;
  for (std::size_t word = kPrefixWords; word-- > 0;) {
    std::uint64_t bits = prefixes[word].load(std::memory_order_acquire);
    for (; bits != 0; bits &= ~(std::uint64_t{1} << (std::bit_width(bits) - 1))) {
      const auto prefix = static_cast<unsigned>(64 * word + std::bit_width(bits) - 1);
      if (prefix > longest) continue;
      if (!std::exchange(prepared, true)) {
        seed = {page_->seed[0].load(std::memory_order_relaxed),
                page_->seed[1].load(std::memory_order_relaxed)};
        key.kind = kind;
        key.family = six ? 6 : 4;
        key.text_size = static_cast<std::uint32_t>(host.size());
        std::copy(host.begin(), host.end(), key.text.begin());
      }
      const IpAddress network = first_bits(client, prefix);
      key.prefix = static_cast<std::uint8_t>(prefix);
      key.address = network.octets;
      key.hash = hash_of(seed, kind, network, prefix, host);
      if (find(key, &found) && found.until_ms > now_ms && take(found)) return true;
    }
  }
  return false;
}

void ClientsView::labels(const IpAddress& client, std::int64_t now_ms,
                         std::vector<std::string>* labels) const {
  labels->clear();
  each(Kind::kClient, client, {}, now_ms, [&](const Record& record) {
    const std::size_t before = labels->size();  // those of a more specific network
    std::string_view text = view_text(record);
    for (std::size_t count = 0; !text.empty() && count < kMaxLabels; ++count) {
      const std::string_view label = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), label.size() + 1));
      const bool known =
          std::any_of(labels->begin(), labels->begin() + static_cast<std::ptrdiff_t>(before),
                      [&](const auto& other) { return key_of(other) == key_of(label); });
      if (!known) labels->emplace_back(label);
    }
    return false;
  });
}

std::uint64_t ClientsView::bypass(const IpAddress& client, std::int64_t now_ms) const {
  std::uint64_t number = 0;
  each(Kind::kBypass, client, {}, now_ms, [&](const Record& record) {
    number = record.number;
    return true;
  });
  return number;
}

bool ClientsView::may_have_grants(const IpAddress& client) const {
  const auto& words =
      table().prefixes[static_cast<std::size_t>(Kind::kGrant)][client.family == AF_INET6 ? 1 : 0];
  return std::any_of(std::begin(words), std::end(words),
                     [](const Word& word) { return word.load(std::memory_order_acquire) != 0; });
}

std::uint64_t ClientsView::grant(const IpAddress& client, std::string_view host,
                                 std::int64_t now_ms) const {
  std::uint64_t number = 0;
  if (host.empty()) return number;
  each(Kind::kGrant, client, host, now_ms, [&](const Record& record) {
    number = record.number;
    return true;
  });
  return number;
}

bool ClientsView::has_client(const IpAddress& client, std::int64_t now_ms) const {
  return each(Kind::kClient, client, {}, now_ms, [](const Record&) { return true; });
}

std::optional<Network> ClientsView::removal(std::uint64_t number) const {
  const Removal& removal = page_->removed[number % kRemovals];
  const std::uint64_t before = removal.number.load(std::memory_order_acquire);
  std::array<std::uint64_t, 3> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = removal.network[i].load(std::memory_order_relaxed);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  if (before != number || removal.number.load(std::memory_order_relaxed) != number) return {};
  Network network;
  network.address.family = (words[2] >> 8) == 6 ? AF_INET6 : AF_INET;
  std::memcpy(network.address.octets.data(), words.data(), 16);
  const unsigned longest = network.address.family == AF_INET6 ? 128 : 32;
  network.prefix = std::min(static_cast<unsigned>(words[2] & 0xff), longest);
  return network;
}

}  // namespace gatehouse::clients
