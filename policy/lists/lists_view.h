// SPDX-License-Identifier: Apache-2.0
// Look-ups in compiled lists: which of them hold this host, URL or address?
//
// Runs in: workers, on a read-only mapping of a sealed memfd; cli. Trusts: neither the blob nor
// what is looked up. Invariants:
//  1. open() reads the header only. Every later read is within the blob whatever its octets are:
//     where a section lies follows from counts that open() has checked against the length, and
//     numbers found in the blob are checked before they are used as positions.
//  2. No allocation, no exception. A look-up takes a bounded time on a corrupted blob too.
// Not here: what a blob looks like and how often it errs (blob_format.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.h"
#include "policy/lists/blob_format.h"
#include "policy/lists/siphash.h"

namespace gatehouse::lists {

class ListsView {
 public:
  // The blob must outlive the view and not change. Nothing where it is no blob of this version or
  // its length is not what its header says.
  static std::optional<ListsView> open(std::span<const std::byte> blob) noexcept;

  // Lists, numbered from 0 in the order in which they were compiled.
  std::size_t count() const noexcept { return header_.lists; }

  // Bit I: list I holds the host or, with the path, the URL. host: in any case, with or without one
  // final dot; an IPv4 address in decimal can be the host of a URL. path: normalized as the list's
  // own were, without query; empty: none is known.
  std::uint64_t match(std::string_view host, std::string_view path = {}) const noexcept;

  // Bit I: a network of list I holds the address. An IPv4-mapped IPv6 address is the IPv4 one.
  std::uint64_t match(const IpAddress& address) const noexcept;

 private:
  struct Probe;

  ListsView(std::span<const std::byte> blob, const Header& header, const Layout& layout) noexcept
      : data_(blob.data()), header_(header), layout_(layout) {}

  SipKey key() const noexcept { return {header_.k0, header_.k1}; }
  // position and what follows it: within the blob.
  template <class T>
  T load(std::uint64_t position) const noexcept;
  Probe start(const SipHash& hash, std::size_t begin) const noexcept;
  void locate(Probe* probe) const noexcept;
  Group find(const Probe& probe) const noexcept;
  Group name_group(std::uint64_t name) const noexcept;
  Group group(std::uint64_t number) const noexcept;
  std::uint64_t match_path(std::string_view host, std::size_t begin,
                           std::string_view path) const noexcept;
  // The lists of the last range that starts_after(range) is not true of.
  template <class StartsAfter>
  std::uint64_t match_range(std::uint64_t ranges, std::uint64_t groups,
                            StartsAfter starts_after) const noexcept;

  const std::byte* data_;
  Header header_;
  Layout layout_;
};

}  // namespace gatehouse::lists
