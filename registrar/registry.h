// SPDX-License-Identifier: Apache-2.0
// All that was changed at run time: in memory, in the journal, and in the page that workers read.
//
// Invariants:
//  1. A change is in the journal before it is in the page, and in both or in none.
//  2. Nobody is told that a change is done before sync() has succeeded.
//  3. There are at most kCapacity entries; what has expired is none.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/result.h"
#include "policy/clients/page.h"
#include "proto/registrar.pb.h"
#include "registrar/journal.h"
#include "registrar/page_writer.h"

namespace gatehouse::registrar {

using Entry = wire::RunTimeEntry;

// The text of an entry as the page has it: labels with '\n' between, or the host.
std::string text_of(const Entry& entry);

class Registry {
 public:
  // A journal is written anew when it is longer than this and twice what it would be then.
  static constexpr std::uint64_t kShortJournal = std::uint64_t{1} << 20;

  // page: of workers.
  Registry(Journal journal, PageWriter page) : journal_(std::move(journal)), page_(page) {}

  // Once: what the journal says and has not expired; then workers see it.
  Status load(std::int64_t now_ms);

  // entry: well formed (calls.h), with until_ms and without a number. As it is from now on.
  Result<Entry> put(Entry entry, std::int64_t now_ms);
  // By its key. As it was.
  Result<Entry> remove(const Entry& key, std::int64_t now_ms);
  // Those of a kind, in order, that come after a key (empty: from the beginning), until take
  // returns false.
  template <class Take>
  void each(Entry::Kind kind, const std::string& after, Take take) const {
    for (auto at = entries_.upper_bound(after); at != entries_.end(); ++at) {
      if (at->second.kind() == kind && !take(at->first, at->second)) return;
    }
  }

  // Makes what was changed outlive the host.
  Status sync();
  // Writes a journal that has grown long anew. On an error it goes on as it is.
  Status shorten();
  // Takes out what has expired. When to call it next; max(): nothing expires.
  std::int64_t expire(std::int64_t now_ms);

  std::size_t size() const { return entries_.size(); }
  const Journal& journal() const { return journal_; }

 private:
  static std::string key_of(const Entry& entry);
  void take(const wire::JournalRecord& record);
  void insert(std::string key, Entry entry);
  void erase(std::map<std::string, Entry>::iterator at);
  void write_all(const Journal::Sink& sink) const;

  Journal journal_;
  PageWriter page_;
  std::map<std::string, Entry> entries_;
  std::set<std::pair<std::int64_t, std::string>> expiries_;
  std::uint64_t last_number_ = 0;
  bool unsynced_ = false;
  std::uint64_t shorten_at_ = kShortJournal;  // octets of the journal
};

}  // namespace gatehouse::registrar
