// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/name_table.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "policy/lists/blob_writer.h"

namespace gatehouse::lists {
namespace {

SipHash hash_of(SipKey key, std::string_view host) {
  SipHash hash(key);
  for (std::size_t i = host.size(); i > 0; --i) hash.add(static_cast<std::uint8_t>(host[i - 1]));
  return hash;
}

// So many that a bucket has 8 to 16 entries, and lies in one part.
std::uint32_t bucket_bits_for(std::uint64_t entries, std::uint32_t least) {
  std::uint32_t bits = least;
  while (bits < kMaxBucketBits && entries >> bits > 16) ++bits;
  return bits;
}

}  // namespace

NameTable::NameTable(SipKey key) : key_(key) {}

void NameTable::add(const SipResult& hash, std::uint32_t list, std::uint32_t scope,
                    std::uint32_t line) {
  Entry entry{};
  entry.fingerprint = hash.second;
  entry.bucket = bucket_of(hash, kMaxBucketBits) & ((1U << kMaxBucketBits) - 1);
  entry.list = list & 63;
  entry.scope = scope & 3;
  entry.line = line;
  parts_[entry.bucket >> (kMaxBucketBits - kPartBits)].push_back(entry);
  ++size_;
}

void NameTable::add_name(std::uint32_t list, std::string_view host, Scope scope,
                         std::uint32_t line) {
  const auto labels = 1 + static_cast<std::uint32_t>(std::count(host.begin(), host.end(), '.'));
  least_labels_ = std::min(least_labels_, labels);
  most_labels_ = std::max(most_labels_, labels);
  add(hash_of(key_, host).result(), list, static_cast<std::uint32_t>(scope), line);
}

void NameTable::add_url(std::uint32_t list, std::string_view host, Scope scope,
                        std::string_view path, std::uint32_t line) {
  if (path.empty()) return add_name(list, host, scope, line);
  SipHash hash = hash_of(key_, host);
  const auto labels = 1 + static_cast<std::uint32_t>(std::count(host.begin(), host.end(), '.'));
  least_labels_ = std::min(least_labels_, labels);
  most_labels_ = std::max(most_labels_, labels);
  add(hash.result(), list, kUrls, line);
  const auto slashes = static_cast<std::uint32_t>(std::count(path.begin() + 1, path.end(), '/'));
  most_segments_ = std::max(most_segments_, slashes + 1);
  for (const char c : path) hash.add(static_cast<std::uint8_t>(c));
  add(hash.result(), list, static_cast<std::uint32_t>(scope), line);
}

void NameTable::sort(std::vector<Entry>* part, std::uint32_t bucket_bits) {
  const auto order = [shift = kMaxBucketBits - bucket_bits](const Entry& entry) {
    return std::tuple(entry.bucket >> shift, entry.fingerprint, std::uint32_t{entry.list},
                      entry.line);
  };
  std::sort(part->begin(), part->end(),
            [&](const Entry& a, const Entry& b) { return order(a) < order(b); });
}

// The entries of one name, in the order of lists and lines.
Group NameTable::merge(std::span<const Entry> entries, const OnDuplicate& on_duplicate) {
  Group group;
  const Entry* first = nullptr;  // of its list
  std::uint32_t said = 0;
  for (const Entry& entry : entries) {
    if (first == nullptr || first->list != entry.list) {
      first = nullptr;
      said = 0;
    }
    const std::uint64_t bit = std::uint64_t{1} << entry.list;
    if (entry.scope == kUrls) {
      group.urls |= bit;
      continue;
    }
    if ((entry.scope & ~said) == 0) on_duplicate(entry.line, first->line);
    if (first == nullptr) first = &entry;
    said |= entry.scope;
    if ((entry.scope & static_cast<std::uint32_t>(Scope::kSelf)) != 0) group.self |= bit;
    if ((entry.scope & static_cast<std::uint32_t>(Scope::kBelow)) != 0) group.below |= bit;
  }
  return group;
}

NameTable::Finished NameTable::finish(Header* header, GroupTable* groups,
                                      const OnDuplicate& on_duplicate,
                                      const std::function<void()>& progress) {
  const std::uint32_t bits = bucket_bits_for(size_, kPartBits);
  const std::uint32_t shift = kMaxBucketBits - bits;
  std::vector<std::uint32_t> buckets((std::size_t{1} << bits) + 1);
  Finished result;
  // What follows the buckets in the blob finds room too.
  result.blob.reserve(sizeof(Header) + size_ * 11 + buckets.size() * 4 + (std::size_t{1} << 16));
  result.blob.resize(sizeof(Header) + size_ * 8);
  result.name_groups.reserve(size_);
  std::vector<Entry> part;
  for (std::deque<Entry>& entries : parts_) {
    part.assign(entries.begin(), entries.end());
    std::deque<Entry>().swap(entries);
    sort(&part, bits);
    for (std::size_t i = 0; i < part.size();) {
      const Entry& name = part[i];
      std::size_t end = i + 1;
      while (end < part.size() && part[end].fingerprint == name.fingerprint &&
             part[end].bucket >> shift == name.bucket >> shift) {
        ++end;
      }
      std::memcpy(&result.blob[sizeof(Header) + result.name_groups.size() * 8], &name.fingerprint,
                  8);
      result.name_groups.push_back(
          groups->number_of(merge(std::span(part).subspan(i, end - i), on_duplicate)));
      buckets[(name.bucket >> shift) + 1] += 1;
      i = end;
    }
    progress();
  }
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    CHECK(buckets[i] <= kMaxBucket);  // 16 on average: with a random key, chance 1e-190
    buckets[i] += buckets[i - 1];
  }
  const std::uint64_t names = result.name_groups.size();
  result.blob.resize(sizeof(Header) + names * 8);
  append_section(&result.blob, std::as_bytes(std::span(buckets)));
  header->k0 = key_.k0;
  header->k1 = key_.k1;
  header->names = names;
  header->bucket_bits = bits;
  header->least_labels = names == 0 ? 0 : least_labels_;
  header->most_labels = most_labels_;
  header->most_segments = most_segments_;
  return result;
}

}  // namespace gatehouse::lists
