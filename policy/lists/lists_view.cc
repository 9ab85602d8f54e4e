// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/lists_view.h"

#include <algorithm>
#include <array>

namespace gatehouse::lists {
namespace {

std::uint8_t lower(char c) noexcept {
  const auto octet = static_cast<std::uint8_t>(c);
  return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet + ('a' - 'A')) : octet;
}

std::uint32_t number4(const std::uint8_t* octets) noexcept {
  return std::uint32_t{octets[0]} << 24 | std::uint32_t{octets[1]} << 16 |
         std::uint32_t{octets[2]} << 8 | octets[3];
}
std::uint64_t number8(const std::uint8_t* octets) noexcept {
  return std::uint64_t{number4(octets)} << 32 | number4(octets + 4);
}

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

// One suffix of a host, on its way through the table: its bucket, then where in it to look.
struct ListsView::Probe {
  std::uint64_t fingerprint;
  std::uint64_t bucket;
  std::uint64_t first, last;  // fingerprints of the bucket: [first, last)
  std::uint64_t guess;        // where in it the fingerprint is if they are evenly spread
  std::size_t begin;          // of the suffix in the host; 0: the host itself
};

std::optional<ListsView> ListsView::open(std::span<const std::byte> blob) noexcept {
  Header header;
  if (blob.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, blob.data(), sizeof header);
  const auto layout = layout_of(header);
  if (!layout || layout->end != blob.size()) return std::nullopt;
  return ListsView(blob, header, *layout);
}

template <class T>
T ListsView::load(std::uint64_t position) const noexcept {
  T value;
  std::memcpy(&value, data_ + position, sizeof value);
  return value;
}

// Hashes run from the last label to the first. While the next suffix is hashed, memory fetches what
// the look-ups of those before will need.
std::uint64_t ListsView::match(std::string_view host, std::string_view path) const noexcept {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > kMaxName || header_.names == 0) return 0;
  std::array<Probe, 4> ring;
  std::size_t made = 0, done = 0;
  std::uint64_t lists = 0;
  const auto finish_one = [&]() noexcept {
    const Probe& probe = ring[done++ % ring.size()];
    const Group group = find(probe);
    lists |= probe.begin == 0 ? group.self : group.below;
    if (group.urls != 0 && !path.empty()) lists |= match_path(host, probe.begin, path);
  };
  SipHash hash(key());
  std::uint32_t labels = 0;
  for (std::size_t begin = host.size(); begin > 0 && labels < header_.most_labels;) {
    hash.add(lower(host[--begin]));
    if (begin > 0 && host[begin - 1] != '.') continue;
    if (++labels < header_.least_labels) continue;
    if (made - done == ring.size()) finish_one();
    if (made > done) locate(&ring[(made - 1) % ring.size()]);
    ring[made++ % ring.size()] = start(hash, begin);
  }
  if (made > done) locate(&ring[(made - 1) % ring.size()]);
  while (done < made) finish_one();
  return lists;
}

ListsView::Probe ListsView::start(const SipHash& hash, std::size_t begin) const noexcept {
  const SipResult result = hash.result();
  Probe probe{};
  probe.fingerprint = result.second;
  probe.bucket = bucket_of(result, header_.bucket_bits);
  probe.begin = begin;
  __builtin_prefetch(data_ + layout_.buckets + probe.bucket * 4);
  return probe;
}

// Whatever the blob says, [first, last) is within the fingerprints, and short.
void ListsView::locate(Probe* probe) const noexcept {
  const std::uint64_t entry = layout_.buckets + probe->bucket * 4;
  probe->first = std::min<std::uint64_t>(load<std::uint32_t>(entry), header_.names);
  probe->last = std::clamp<std::uint64_t>(load<std::uint32_t>(entry + 4), probe->first,
                                          std::min(header_.names, probe->first + kMaxBucket));
  const std::uint64_t size = probe->last - probe->first;
  probe->guess = probe->first + ((probe->fingerprint >> 32) * size >> 32);
  __builtin_prefetch(data_ + layout_.fingerprints + probe->guess * 8);
}

// Fingerprints of a bucket ascend: from the guess up or down to where the probe's must be.
Group ListsView::find(const Probe& probe) const noexcept {
  std::uint64_t at = probe.guess;
  const auto value = [this](std::uint64_t name) noexcept {
    return load<std::uint64_t>(layout_.fingerprints + name * 8);
  };
  if (at >= probe.last) return {};
  if (value(at) < probe.fingerprint) {
    do {
      if (++at == probe.last) return {};
    } while (value(at) < probe.fingerprint);
  } else {
    while (at > probe.first && value(at) > probe.fingerprint) --at;
  }
  return value(at) == probe.fingerprint ? name_group(at) : Group{};
}

Group ListsView::name_group(std::uint64_t name) const noexcept {
  const std::uint64_t bit = name * header_.group_bits;
  const std::uint64_t word = load<std::uint64_t>(layout_.name_groups + bit / 8) >> (bit % 8);
  return group(word & ((std::uint64_t{1} << header_.group_bits) - 1));
}

Group ListsView::group(std::uint64_t number) const noexcept {
  if (number >= header_.groups) return {};
  return load<Group>(layout_.groups + number * sizeof(Group));
}

// After each segment of the path: is the URL so far on a list? Rare: only for hosts of listed URLs.
std::uint64_t ListsView::match_path(std::string_view host, std::size_t begin,
                                    std::string_view path) const noexcept {
  SipHash hash(key());
  for (std::size_t i = host.size(); i > begin; --i) hash.add(lower(host[i - 1]));
  std::uint64_t lists = 0;
  std::uint32_t segments = 0;
  path = path.substr(0, kMaxPath + 1);
  for (std::size_t i = 0; i < path.size() && segments < header_.most_segments; ++i) {
    hash.add(static_cast<std::uint8_t>(path[i]));
    if (i + 1 < path.size() && path[i + 1] != '/') continue;
    ++segments;
    Probe probe = start(hash, begin);
    locate(&probe);
    const Group group = find(probe);
    lists |= begin == 0 ? group.self : group.below;
  }
  return lists;
}

std::uint64_t ListsView::match(const IpAddress& address) const noexcept {
  const std::uint8_t* octets = address.octets.data();
  if (address.family == AF_INET6 && !std::equal(kMapped.begin(), kMapped.end(), octets)) {
    const std::uint64_t high = number8(octets), low = number8(octets + 8);
    return match_range(header_.ranges6, layout_.groups6, [&](std::uint64_t range) noexcept {
      const std::uint64_t first = layout_.first6 + range * 16;
      const auto range_high = load<std::uint64_t>(first);
      return range_high != high ? range_high > high : load<std::uint64_t>(first + 8) > low;
    });
  }
  if (address.family == AF_UNSPEC) return 0;
  const std::uint32_t number = number4(address.family == AF_INET ? octets : octets + 12);
  return match_range(header_.ranges4, layout_.groups4, [&](std::uint64_t range) noexcept {
    return load<std::uint32_t>(layout_.first4 + range * 4) > number;
  });
}

template <class StartsAfter>
std::uint64_t ListsView::match_range(std::uint64_t ranges, std::uint64_t groups,
                                     StartsAfter starts_after) const noexcept {
  std::uint64_t low = 0, high = ranges;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (starts_after(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low == 0 ? 0 : group(load<std::uint32_t>(groups + (low - 1) * 4)).self;
}

}  // namespace gatehouse::lists
