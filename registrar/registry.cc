// SPDX-License-Identifier: Apache-2.0
#include "registrar/registry.h"

#include <algorithm>
#include <limits>

namespace gatehouse::registrar {
namespace {

clients::Record record_of(const Entry& entry) {
  clients::Record record;
  record.until_ms = entry.until_ms();
  record.number = entry.number();
  std::copy(entry.address().begin(), entry.address().end(), record.address.begin());
  record.kind = static_cast<clients::Kind>(entry.kind());
  record.family = entry.address().size() == 16 ? 6 : 4;
  record.prefix = static_cast<std::uint8_t>(entry.prefix());
  const std::string text = text_of(entry);
  record.text_size = static_cast<std::uint32_t>(std::min(text.size(), record.text.size()));
  std::copy_n(text.begin(), record.text_size, record.text.begin());
  return record;
}

std::string put_record(const Entry& entry) {
  wire::JournalRecord record;
  *record.mutable_put() = entry;
  return record.SerializeAsString();
}

Error no_such(const Entry& key) {
  constexpr const char* kNames[] = {"client", "bypass", "grant"};
  return Error{ENOENT, std::string("there is no such ") + kNames[key.kind()]};
}

}  // namespace

std::string text_of(const Entry& entry) {
  if (entry.kind() == Entry::GRANT) return entry.host();
  std::string text;
  for (const std::string& label : entry.labels()) {
    if (!text.empty()) text += '\n';
    text += label;
  }
  return text;
}

// Orders by kind, family, address, prefix, host.
std::string Registry::key_of(const Entry& entry) {
  std::string key;
  key += static_cast<char>('a' + entry.kind());
  key += entry.address().size() == 16 ? '6' : '4';
  key += entry.address();
  key += static_cast<char>(entry.prefix());
  return key + entry.host();
}

Status Registry::load(std::int64_t now_ms) {
  const auto read = [this](std::string_view text) {
    wire::JournalRecord record;
    // Its checksum is right, so another version wrote it: what is not understood is not kept.
    if (record.ParseFromArray(text.data(), static_cast<int>(text.size()))) take(record);
  };
  if (auto status = journal_.read(read); !status) return status;
  expire(now_ms);
  page_.publish();
  return ok();
}

void Registry::take(const wire::JournalRecord& record) {
  switch (record.body_case()) {
    case wire::JournalRecord::kPut: {
      const Entry& entry = record.put();
      last_number_ = std::max(last_number_, entry.number());
      const std::string key = key_of(entry);
      const std::size_t longest = entry.address().size() * 8;
      const bool sound = Entry::Kind_IsValid(entry.kind()) && (longest == 32 || longest == 128) &&
                         entry.prefix() <= longest;
      if (sound && (entries_.contains(key) || size() < clients::kCapacity)) insert(key, entry);
      return;
    }
    case wire::JournalRecord::kRemove: {
      const auto at = entries_.find(key_of(record.remove()));
      if (at != entries_.end()) erase(at);
      return;
    }
    case wire::JournalRecord::kLastNumber:
      last_number_ = std::max(last_number_, record.last_number());
      return;
    case wire::JournalRecord::BODY_NOT_SET:
      return;
  }
}

void Registry::insert(std::string key, Entry entry) {
  const auto [at, added] = entries_.try_emplace(std::move(key));
  if (!added) expiries_.erase({at->second.until_ms(), at->first});
  at->second = std::move(entry);
  expiries_.emplace(at->second.until_ms(), at->first);
  page_.put(record_of(at->second));
}

void Registry::erase(std::map<std::string, Entry>::iterator at) {
  page_.remove(record_of(at->second));
  expiries_.erase({at->second.until_ms(), at->first});
  entries_.erase(at);
}

Result<Entry> Registry::put(Entry entry, std::int64_t now_ms) {
  expire(now_ms);
  std::string key = key_of(entry);
  if (!entries_.contains(key) && size() >= clients::kCapacity) {
    return Error{ENOSPC, "the run-time table is full: " + std::to_string(clients::kCapacity) +
                             " clients, grants and bypasses; remove some, or give networks"};
  }
  entry.set_number(last_number_ + 1);
  if (auto status = journal_.append(put_record(entry)); !status) return status.error();
  ++last_number_;
  unsynced_ = true;
  insert(std::move(key), entry);
  return entry;
}

Result<Entry> Registry::remove(const Entry& key, std::int64_t now_ms) {
  expire(now_ms);
  const auto at = entries_.find(key_of(key));
  if (at == entries_.end()) return no_such(key);
  // Of what the caller sent the key only, which is known to be short.
  wire::JournalRecord record;
  record.mutable_remove()->set_kind(key.kind());
  record.mutable_remove()->set_address(key.address());
  record.mutable_remove()->set_prefix(key.prefix());
  record.mutable_remove()->set_host(key.host());
  if (auto status = journal_.append(record.SerializeAsString()); !status) return status.error();
  unsynced_ = true;
  Entry was = at->second;
  erase(at);
  if (was.kind() == Entry::CLIENT) page_.note_removal(record_of(was));
  return was;
}

std::int64_t Registry::expire(std::int64_t now_ms) {
  while (!expiries_.empty() && expiries_.begin()->first <= now_ms) {
    erase(entries_.find(expiries_.begin()->second));
  }
  return expiries_.empty() ? std::numeric_limits<std::int64_t>::max() : expiries_.begin()->first;
}

void Registry::write_all(const Journal::Sink& sink) const {
  wire::JournalRecord numbers;
  numbers.set_last_number(last_number_);
  sink(numbers.SerializeAsString());
  for (const auto& [key, entry] : entries_) sink(put_record(entry));
}

Status Registry::sync() {
  if (!unsynced_) return ok();
  if (auto status = journal_.sync(); !status) return status;
  unsynced_ = false;
  return ok();
}

Status Registry::shorten() {
  if (journal_.size() < shorten_at_) return ok();
  std::uint64_t needed = 0;
  write_all([&](std::string_view record) { needed += record.size() + 8; });
  shorten_at_ = std::max(kShortJournal, 2 * needed);
  if (journal_.size() < shorten_at_) return ok();
  Status status = journal_.compact([this](const Journal::Sink& sink) { write_all(sink); });
  if (!status) shorten_at_ = 2 * journal_.size();
  return status;
}

}  // namespace gatehouse::registrar
