// SPDX-License-Identifier: Apache-2.0
#include "registrar/page_writer.h"

#include <cstring>

#include "base/check.h"
#include "policy/clients/clients_view.h"
#include "policy/clients/key.h"

namespace gatehouse::registrar {
using clients::Entry;
using clients::Index;
using clients::Kind;
using clients::Record;

namespace {

IpAddress address_of(const Record& record) {
  IpAddress address;
  address.family = record.family == 6 ? AF_INET6 : AF_INET;
  address.octets = record.address;
  return address;
}

Record read(const Entry& entry) {
  std::uint64_t words[clients::kRecordWords];
  for (std::size_t i = 0; i < clients::kRecordWords; ++i) {
    words[i] = entry.record[i].load(std::memory_order_relaxed);
  }
  Record record;
  std::memcpy(static_cast<void*>(&record), words, sizeof record);
  return record;
}

bool same_key(const Record& a, const Record& b) {
  return a.hash == b.hash && a.kind == b.kind && a.family == b.family && a.prefix == b.prefix &&
         a.address == b.address &&
         (a.kind != Kind::kGrant || clients::view_text(a) == clients::view_text(b));
}

}  // namespace

PageWriter::PageWriter(clients::Page* page, lists::SipKey seed)
    : page_(page), half_((page->active.load(std::memory_order_relaxed) & 1) ^ 1), seed_(seed) {
  const std::uint64_t first = page_->seed[0].load(), second = page_->seed[1].load();
  if (first != 0 || second != 0) seed_ = {first, second};
  page_->seed[0].store(seed_.k0);
  page_->seed[1].store(seed_.k1);
  note_changes(clients::kRest);
  for (auto& kind : table().prefixes) {
    for (auto& family : kind) {
      for (auto& word : family) word.store(0, std::memory_order_relaxed);
    }
  }
  for (Index& bucket : table().buckets) bucket.store(0, std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < clients::kEntries; ++i) free_.push_back(i);
}

std::uint64_t PageWriter::hash(const Record& record) const {
  const bool with_host = record.kind == Kind::kGrant;
  return clients::hash_of(seed_, record.kind, address_of(record), record.prefix,
                          with_host ? clients::view_text(record) : std::string_view());
}

// Nobody reads this entry but who has come by a link of kRest changes ago, and sees that by the
// count.
std::uint32_t PageWriter::write(const Record& record, std::uint32_t next) {
  CHECK(!free_.empty());
  const std::uint32_t number = free_.front();
  free_.pop_front();
  Entry& entry = table().entries[number];
  note_changes(1);
  std::uint64_t words[clients::kRecordWords];
  std::memcpy(words, &record, sizeof words);
  for (std::size_t i = 0; i < clients::kRecordWords; ++i) {
    entry.record[i].store(words[i], std::memory_order_relaxed);
  }
  entry.next.store(next, std::memory_order_relaxed);
  return number + 1;
}

void PageWriter::note_changes(std::uint64_t changes) {
  table().changes.store(table().changes.load(std::memory_order_relaxed) + changes,
                        std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
}

Index* PageWriter::find(const Record& record) {
  Index* link = &table().buckets[record.hash % clients::kBuckets];
  for (std::uint32_t at = 0; (at = link->load(std::memory_order_relaxed)) != 0;) {
    Entry& entry = table().entries[at - 1];
    if (same_key(read(entry), record)) return link;
    link = &entry.next;
  }
  return nullptr;
}

void PageWriter::put(Record record) {
  record.hash = hash(record);
  Index* link = find(record);
  if (link != nullptr) {
    const std::uint32_t old = link->load(std::memory_order_relaxed);
    const std::uint32_t next = table().entries[old - 1].next.load(std::memory_order_relaxed);
    link->store(write(record, next), std::memory_order_release);
    free_.push_back(old - 1);
    return;
  }
  count(record, 1);
  Index& bucket = table().buckets[record.hash % clients::kBuckets];
  bucket.store(write(record, bucket.load(std::memory_order_relaxed)), std::memory_order_release);
}

void PageWriter::remove(Record record) {
  record.hash = hash(record);
  Index* const link = find(record);
  if (link == nullptr) return;
  const std::uint32_t old = link->load(std::memory_order_relaxed);
  link->store(table().entries[old - 1].next.load(std::memory_order_relaxed),
              std::memory_order_release);
  free_.push_back(old - 1);
  count(record, -1);
}

// A prefix is announced before its first entry is there.
void PageWriter::count(const Record& record, int change) {
  const auto kind = static_cast<std::size_t>(record.kind);
  const std::size_t family = record.family == 6 ? 1 : 0;
  std::uint32_t& number = counts_[kind][family][record.prefix];
  number += static_cast<std::uint32_t>(change);
  clients::Word& word = table().prefixes[kind][family][record.prefix / 64];
  const std::uint64_t bit = std::uint64_t{1} << (record.prefix % 64);
  const std::uint64_t bits = word.load(std::memory_order_relaxed);
  word.store(number != 0 ? bits | bit : bits & ~bit, std::memory_order_release);
}

void PageWriter::publish() { page_->active.store(half_, std::memory_order_release); }

void PageWriter::note_removal(const Record& network) {
  const std::uint64_t number = page_->removals.load(std::memory_order_relaxed) + 1;
  clients::Removal& removal = page_->removed[number % clients::kRemovals];
  removal.number.store(0, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  std::uint64_t words[3] = {};
  std::memcpy(words, network.address.data(), network.address.size());
  words[2] = std::uint64_t{network.family} << 8 | network.prefix;
  for (std::size_t i = 0; i < 3; ++i) removal.network[i].store(words[i], std::memory_order_relaxed);
  removal.number.store(number, std::memory_order_release);
  page_->removals.store(number, std::memory_order_release);
}

}  // namespace gatehouse::registrar
