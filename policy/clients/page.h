// SPDX-License-Identifier: Apache-2.0
// The run-time table of clients, grants and bypasses, as it lies in memory that the registrar
// writes and every worker reads.
//
// One writer, any number of readers, no lock. Invariants that the writer keeps (registrar/
// page_writer.h):
//  1. A change is a new entry in a place that no chain leads to, and one store that links it. So a
//     writer that dies in the middle leaves whole entries only.
//  2. A place that becomes free is used again after kRest further changes at the soonest, and each
//     change is counted before it writes. So whoever sees fewer than that pass has read nothing
//     that was written meanwhile.
//  3. A new writer fills the table that nobody reads and then switches `active`.
// A reader trusts none of it: every number is clamped, every walk is bounded (clients_view.h).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/privileges.h"

namespace gatehouse::clients {

enum class Kind : std::uint8_t { kClient = 0, kBypass = 1, kGrant = 2 };
inline constexpr std::size_t kKinds = 3;

inline constexpr std::uint32_t kCapacity = 65'536;  // entries of all kinds
inline constexpr std::uint32_t kRest = 1024;
inline constexpr std::uint32_t kEntries = kCapacity + kRest;
inline constexpr std::uint32_t kBuckets = 131'072;
inline constexpr std::size_t kMaxText = 264;      // octets: labels of a client, host of a grant
inline constexpr std::size_t kPrefixWords = 3;    // a bit for each prefix 0..128
inline constexpr std::uint64_t kRemovals = 4096;  // the last ones are remembered

// Key: kind, family, prefix, address, and of a grant the text.
struct Record {
  std::uint64_t hash = 0;                  // of the key; its bucket is hash % kBuckets
  std::int64_t until_ms = 0;               // milliseconds since 1970
  std::uint64_t number = 0;                // names a grant or bypass in the logs
  std::array<std::uint8_t, 16> address{};  // bits beyond the prefix are 0
  Kind kind = Kind::kClient;
  std::uint8_t family = 0;  // 4 or 6
  std::uint8_t prefix = 0;
  std::uint8_t unused = 0;
  std::uint32_t text_size = 0;
  std::array<char, kMaxText> text{};  // labels with '\n' between, or a host (view_text())
};
inline constexpr std::size_t kRecordWords = sizeof(Record) / sizeof(std::uint64_t);
static_assert(sizeof(Record) == kRecordWords * sizeof(std::uint64_t));

using Word = std::atomic<std::uint64_t>;
using Index = std::atomic<std::uint32_t>;  // 0: none, else one more than the number of an entry

struct Entry {
  Index next;
  std::array<Word, kRecordWords> record;
};

struct Table {
  Word changes;
  Word prefixes[kKinds][2][kPrefixWords];  // which there are, by kind and family (IPv4, IPv6)
  std::array<Index, kBuckets> buckets;
  std::array<Entry, kEntries> entries;
};

// Connections of this network were to be reset.
struct Removal {
  Word number;  // 0: being written
  std::array<Word, 3> network;
};

struct Page {
  Word seed[2];  // of the hash
  std::atomic<std::uint32_t> active;
  Word removals;  // how many so far; the n-th, from 1, is removed[n % kRemovals]
  std::array<Removal, kRemovals> removed;
  std::array<Table, 2> tables;
};
static_assert(sizeof(Page) <= kClientsPageSize);
static_assert(Word::is_always_lock_free && Index::is_always_lock_free);

}  // namespace gatehouse::clients
