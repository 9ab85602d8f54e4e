// SPDX-License-Identifier: Apache-2.0
// Collects the networks of all lists and makes their part of the blob: ranges that don't overlap,
// each with the lists that hold it.
//
// Memory: 28 octets for each network added, and while finish() runs up to 48 more.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.h"
#include "policy/lists/blob_format.h"
#include "policy/lists/group_table.h"
#include "policy/lists/name_table.h"

namespace gatehouse::lists {

class AddressTable {
 public:
  // network: without bits beyond its prefix. list: 0 to 63.
  void add(std::uint32_t list, const Network& network, std::uint32_t line);

  // Appends the four sections of ranges to *blob and sets what *header says of them. Their groups
  // have to be in *groups before the blob's groups are written: call make_ranges() first.
  void make_ranges(GroupTable* groups, const OnDuplicate& on_duplicate);
  void append_ranges(Header* header, std::vector<std::byte>* blob) const;

 private:
  using Octets = std::array<std::uint8_t, 16>;  // of IPv4 the first four count
  struct Entry {
    Octets first;
    std::uint32_t line;
    std::uint8_t prefix;
    std::uint8_t list;
  };
  struct Range {  // up to where the next one begins
    Octets first;
    std::uint32_t group;
  };
  struct Open {  // a network around the present place
    Octets last;
    std::uint64_t lists;  // of it and those around it
  };
  class Sweep;

  static Octets last_of(const Entry& entry);
  static std::vector<Range> ranges_of(std::vector<Entry> entries, GroupTable* groups,
                                      const OnDuplicate& on_duplicate);

  std::vector<Entry> four_, six_;
  std::vector<Range> ranges4_, ranges6_;
};

}  // namespace gatehouse::lists
