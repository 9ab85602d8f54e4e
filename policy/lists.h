// SPDX-License-Identifier: Apache-2.0
// What the engine asks of compiled lists: which of them hold this name, URL or address?
//
// Runs in: worker and cli, over a blob that was compiled elsewhere and is read, never trusted.
// Lists are numbered from 0 in the order in which the policy names them (wire::PolicyTo.lists).
// Not here: the blob, its compiler and its reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/address.h"

namespace gatehouse::policy {

class Lists {
 public:
  virtual ~Lists() = default;

  virtual std::size_t count() const = 0;
  // Sets bit I of bits (64 to a word, (count() + 63) / 64 words, zeroed before) for every list that
  // holds the name or the URL. host: in lower case, without a final dot, at most 253 octets, never
  // empty. path: normalized, without its query; empty where none can be seen (CONNECT).
  virtual void match(std::string_view host, std::string_view path,
                     std::span<std::uint64_t> bits) const = 0;
  // Of a list of networks.
  virtual bool holds(std::size_t list, const IpAddress& address) const = 0;
};

}  // namespace gatehouse::policy
