// SPDX-License-Identifier: Apache-2.0
// Collects the names and URLs of all lists and makes their part of the blob.
//
// Memory: 16.5 octets for each entry added, and while finish() runs 15.5 more; the former are freed
// while the latter are filled.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "policy/lists/blob_format.h"
#include "policy/lists/form.h"
#include "policy/lists/group_table.h"
#include "policy/lists/siphash.h"

namespace gatehouse::lists {

// An entry that says nothing new: its line, and that of one which says the same. Lines are numbered
// through all files.
using OnDuplicate = std::function<void(std::uint32_t line, std::uint32_t first)>;

class NameTable {
 public:
  explicit NameTable(SipKey key);

  // list: 0 to 63. host and path: as EntrySink has them.
  void add_name(std::uint32_t list, std::string_view host, Scope scope, std::uint32_t line);
  void add_url(std::uint32_t list, std::string_view host, Scope scope, std::string_view path,
               std::uint32_t line);

  struct Finished {
    std::vector<std::byte> blob;             // its beginning, up to and with the buckets
    std::vector<std::uint32_t> name_groups;  // the group of each name
  };
  // Sets what *header says of names; the header's octets in the blob are left 0. progress: after
  // each of 256 parts. Once.
  Finished finish(Header* header, GroupTable* groups, const OnDuplicate& on_duplicate,
                  const std::function<void()>& progress);

 private:
  static constexpr std::uint32_t kPartBits = 8;

  static constexpr std::uint32_t kUrls = 0;
  struct Entry {
    std::uint64_t fingerprint;
    std::uint32_t bucket : kMaxBucketBits;
    std::uint32_t list : 6;
    std::uint32_t scope : 2;  // a Scope; kUrls: the name is the host of a URL
    std::uint32_t line;
  };
  static_assert(sizeof(Entry) == 16);

  void add(const SipResult& hash, std::uint32_t list, std::uint32_t scope, std::uint32_t line);
  static void sort(std::vector<Entry>* part, std::uint32_t bucket_bits);
  static Group merge(std::span<const Entry> entries, const OnDuplicate& on_duplicate);

  SipKey key_;
  std::array<std::deque<Entry>, 1U << kPartBits> parts_;  // by the highest bits of the bucket
  std::uint64_t size_ = 0;
  std::uint32_t least_labels_ = kMaxLabels, most_labels_ = 0, most_segments_ = 0;
};

}  // namespace gatehouse::lists
