// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/address_table.h"

#include <algorithm>
#include <tuple>

#include "policy/lists/blob_writer.h"

namespace gatehouse::lists {
namespace {

std::uint64_t number(const std::uint8_t* octets, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | octets[i];
  return value;
}

}  // namespace

// Networks are nested or apart: those around the present place are a stack.
class AddressTable::Sweep {
 public:
  explicit Sweep(GroupTable* groups) : groups_(groups) {}

  void enter(const Octets& first, const Octets& last, std::uint64_t lists) {
    while (!open_.empty() && open_.back().last < first) leave();
    const std::uint64_t around = open_.empty() ? 0 : open_.back().lists;
    open_.push_back({last, around | lists});
    begin(first, around | lists);
  }
  std::vector<Range> finish() {
    while (!open_.empty()) leave();
    return std::move(ranges_);
  }

 private:
  void leave() {
    Octets next = open_.back().last;
    open_.pop_back();
    for (std::size_t i = next.size(); i > 0 && ++next[i - 1] == 0;) --i;
    if (next == Octets{}) return;  // it was the last of all addresses
    begin(next, open_.empty() ? 0 : open_.back().lists);
  }
  void begin(const Octets& first, std::uint64_t lists) {
    if (!ranges_.empty() && ranges_.back().first == first) ranges_.pop_back();
    const std::uint32_t group = groups_->number_of(Group{lists, 0, 0});
    if (!ranges_.empty() && ranges_.back().group == group) return;
    ranges_.push_back({first, group});
  }

  GroupTable* groups_;
  std::vector<Open> open_;
  std::vector<Range> ranges_;
};

void AddressTable::add(std::uint32_t list, const Network& network, std::uint32_t line) {
  Entry entry{network.address.octets, line, static_cast<std::uint8_t>(network.prefix),
              static_cast<std::uint8_t>(list)};
  (network.address.family == AF_INET ? four_ : six_).push_back(entry);
}

AddressTable::Octets AddressTable::last_of(const Entry& entry) {
  Octets last = entry.first;
  for (unsigned i = 0; i < last.size(); ++i) {
    const unsigned kept = entry.prefix <= i * 8 ? 0 : std::min(8U, entry.prefix - i * 8);
    last[i] = static_cast<std::uint8_t>(last[i] | 0xffU >> kept);
  }
  return last;
}

std::vector<AddressTable::Range> AddressTable::ranges_of(std::vector<Entry> entries,
                                                         GroupTable* groups,
                                                         const OnDuplicate& on_duplicate) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.first, a.prefix, a.list, a.line) <
           std::tie(b.first, b.prefix, b.list, b.line);
  });
  Sweep sweep(groups);
  for (std::size_t i = 0; i < entries.size();) {
    const Entry& network = entries[i];
    std::uint64_t lists = 0;
    std::size_t first = i;  // of its list
    for (; i < entries.size() && entries[i].first == network.first &&
           entries[i].prefix == network.prefix;
         ++i) {
      if (entries[i].list != entries[first].list) first = i;
      if (i != first) on_duplicate(entries[i].line, entries[first].line);
      lists |= std::uint64_t{1} << entries[i].list;
    }
    sweep.enter(network.first, last_of(network), lists);
  }
  return sweep.finish();
}

void AddressTable::make_ranges(GroupTable* groups, const OnDuplicate& on_duplicate) {
  ranges4_ = ranges_of(std::move(four_), groups, on_duplicate);
  ranges6_ = ranges_of(std::move(six_), groups, on_duplicate);
}

void AddressTable::append_ranges(Header* header, std::vector<std::byte>* blob) const {
  header->ranges4 = ranges4_.size();
  header->ranges6 = ranges6_.size();
  std::vector<std::uint32_t> first4, group4, group6;
  std::vector<std::uint64_t> first6;
  for (const Range& range : ranges4_) {
    first4.push_back(static_cast<std::uint32_t>(number(range.first.data(), 4)));
    group4.push_back(range.group);
  }
  for (const Range& range : ranges6_) {
    first6.push_back(number(range.first.data(), 8));
    first6.push_back(number(range.first.data() + 8, 8));
    group6.push_back(range.group);
  }
  append_section(blob, std::as_bytes(std::span(first4)));
  append_section(blob, std::as_bytes(std::span(group4)));
  append_section(blob, std::as_bytes(std::span(first6)));
  append_section(blob, std::as_bytes(std::span(group6)));
}

}  // namespace gatehouse::lists
