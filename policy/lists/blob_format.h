// SPDX-License-Identifier: Apache-2.0
// The compiled form of all lists: one flat blob without pointers, little endian, version 1.
//
//   Header
//   fingerprints  names x 8        in the order of (bucket, fingerprint)
//   buckets       2^bucket_bits + 1 x 4   where each bucket's fingerprints begin; the last: names
//   groups        groups x 24      three sets of lists, a bit for each list
//   name groups   names x group_bits bits, packed from the lowest bit on, then 8 octets of 0
//   IPv4 ranges   ranges4 x 4 first addresses, ascending; ranges4 x 4 groups
//   IPv6 ranges   ranges6 x 16 first addresses (high and low half), ascending; ranges6 x 4 groups
// Each section begins at a multiple of 8. There are counts and no offsets: where a section lies
// follows from the counts, and the whole must be exactly as long as they say.
//
// A name is the SipHash-2-4-128, under the blob's random key, of its octets from last to first; a
// URL that of its host, likewise, and then its path from first to last. `first` chooses the bucket
// by its highest bits, `second` is the fingerprint. So each prefix of what is hashed for
// "www.example.com" that ends before a dot is the hash of a parent domain.
//
// Why fingerprints and not the names: measured here on 9.4 million names of 19 octets, sorted
// reversed names, front-coded in blocks of 16, take 102 MB and 690 ns a look-up, and a list of
// other names may take twice that; fingerprints take 89 MB whatever the names are, and 300 ns. The
// price is that a name on no list can be taken for one: a bucket holds 16 fingerprints on average
// at most, so with 64 bits each look-up of a suffix errs with a chance of at most 16/2^64
// = 8.7e-19. A client that tries 100,000 new names of four labels a second succeeds once in 90,000
// years. Nobody can do better than try: which names collide depends on the key, which is random for
// every compilation and known only to who can read the blob. One who has taken over a worker can,
// and decides for that worker's clients anyway. Two entries that collide would be taken for one:
// with 10 million names the chance is 5e13/2^64/2^20, 3e-12.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

#include "policy/lists/siphash.h"

namespace gatehouse::lists {

static_assert(std::endian::native == std::endian::little, "the blob is read as it lies");

inline constexpr std::array<char, 8> kMagic = {'G', 'H', 'L', 'I', 'S', 'T', 'S', '1'};
inline constexpr std::size_t kMaxLists = 64;
inline constexpr std::size_t kMaxName = 253;    // octets, RFC 1035 2.3.4 in text
inline constexpr std::size_t kMaxLabels = 127;  // of a name of 253 octets
inline constexpr std::size_t kMaxPath = 1024;   // octets of a URL's path on a list
inline constexpr std::uint32_t kMaxBucketBits = 24;
inline constexpr std::uint32_t kMaxBucket = 255;        // fingerprints; the average is 16 at most
inline constexpr std::uint32_t kMaxGroups = 1U << 20;   // different sets of lists
inline constexpr std::uint64_t kMaxNames = 1ULL << 28;  // and ranges of each family

struct Header {
  std::array<char, 8> magic;
  std::uint64_t k0, k1;  // of SipHash
  std::uint64_t names;   // fingerprints
  std::uint64_t ranges4, ranges6;
  std::uint32_t groups;
  std::uint32_t group_bits;     // 0 to 20; 0: all names are of group 0
  std::uint32_t bucket_bits;    // 0 to 24
  std::uint32_t lists;          // 0 to 64
  std::uint32_t least_labels;   // of any name
  std::uint32_t most_labels;    // of any name
  std::uint32_t most_segments;  // of any URL's path; 0: there are no URLs
  std::uint32_t reserved;       // 0
};
static_assert(sizeof(Header) == 80 && std::is_trivially_copyable_v<Header>);

// Lists that hold a name, by what of it they hold.
struct Group {
  std::uint64_t self = 0;   // the name (or URL) itself; of a range: the range
  std::uint64_t below = 0;  // every name below it
  std::uint64_t urls = 0;   // URLs whose host it is
  bool operator==(const Group&) const = default;
};
static_assert(sizeof(Group) == 24);

// bits: 0 to 24.
inline std::uint32_t bucket_of(const SipResult& hash, std::uint32_t bits) noexcept {
  return static_cast<std::uint32_t>(hash.first >> 32) >> (32 - kMaxBucketBits) >>
         (kMaxBucketBits - bits);
}

// Where each section begins, and the end. In octets from the beginning.
struct Layout {
  std::uint64_t fingerprints, buckets, groups, name_groups;
  std::uint64_t first4, groups4, first6, groups6, end;
};

// Nothing where a count is above its limit.
inline std::optional<Layout> layout_of(const Header& header) noexcept {
  if (header.magic != kMagic || header.names > kMaxNames || header.ranges4 > kMaxNames ||
      header.ranges6 > kMaxNames || header.groups > kMaxGroups || header.group_bits > 20 ||
      header.bucket_bits > kMaxBucketBits || header.lists > kMaxLists ||
      header.most_labels > kMaxLabels || header.most_segments > kMaxPath || header.reserved != 0) {
    return std::nullopt;
  }
  std::uint64_t at = sizeof(Header);
  const auto section = [&at](std::uint64_t octets) {
    const std::uint64_t begin = at;
    at += (octets + 7) / 8 * 8;  // below 2^34 each: no overflow
    return begin;
  };
  Layout layout{};
  layout.fingerprints = section(header.names * 8);
  layout.buckets = section(((std::uint64_t{1} << header.bucket_bits) + 1) * 4);
  layout.groups = section(std::uint64_t{header.groups} * sizeof(Group));
  layout.name_groups = section((header.names * header.group_bits + 7) / 8 + 8);
  layout.first4 = section(header.ranges4 * 4);
  layout.groups4 = section(header.ranges4 * 4);
  layout.first6 = section(header.ranges6 * 16);
  layout.groups6 = section(header.ranges6 * 4);
  layout.end = at;
  return layout;
}

}  // namespace gatehouse::lists
