// SPDX-License-Identifier: Apache-2.0
// Keys that hold an array of networks.
#pragma once

#include <string_view>
#include <vector>

#include "base/address.h"
#include "config/section.h"
#include "proto/config.pb.h"

namespace gatehouse::config {

struct ReadNetwork {
  Network network;
  const Node* item;  // for further complaints
};

// Those of the key's networks that are right, at most so many; none where the key is absent.
std::vector<ReadNetwork> read_networks(Section& section, std::string_view key, std::size_t most);

wire::ConfigNetwork to_wire(const Network& network);

}  // namespace gatehouse::config
