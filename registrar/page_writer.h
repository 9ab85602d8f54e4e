// SPDX-License-Identifier: Apache-2.0
// The one writer of the run-time table (policy/clients/page.h, which has its invariants).
#pragma once

#include <deque>

#include "policy/clients/page.h"
#include "policy/lists/siphash.h"

namespace gatehouse::registrar {

class PageWriter {
 public:
  // Begins with an empty table in the half that nobody reads. seed: of the hash; a page that has
  // one keeps it.
  PageWriter(clients::Page* page, lists::SipKey seed);

  // Adds it, or puts it in the place of the one with the same key. Not of the caller: hash. There
  // are never more than kCapacity.
  void put(clients::Record record);
  void remove(clients::Record record);
  // Readers see this table from now on.
  void publish();
  // Connections of clients of this network are to be reset.
  void note_removal(const clients::Record& network);

 private:
  clients::Table& table() { return page_->tables[half_]; }
  std::uint64_t hash(const clients::Record& record) const;
  void note_changes(std::uint64_t changes);
  std::uint32_t write(const clients::Record& record, std::uint32_t next);
  // The link that leads to the record's entry; null: there is none.
  clients::Index* find(const clients::Record& record);
  void count(const clients::Record& record, int change);

  clients::Page* page_;
  std::uint32_t half_;
  lists::SipKey seed_;
  std::deque<std::uint32_t> free_;  // the one that was freed first is used first
  std::uint32_t counts_[clients::kKinds][2][129] = {};
};

}  // namespace gatehouse::registrar
