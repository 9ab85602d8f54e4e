// SPDX-License-Identifier: Apache-2.0
// The [[listen]] tables: where the gateway listens, and that no two of them collide.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/diagnostics.h"
#include "config/toml_document.h"
#include "proto/config.pb.h"

namespace gatehouse::config {

// Where a listener without a port listens, by its mode.
inline constexpr std::uint32_t kUsualTransparentPort = 8888;
inline constexpr std::uint32_t kUsualForwardPort = 3128;
inline constexpr std::uint32_t kUsualReversePort = 80;
inline constexpr std::uint32_t kUsualInterceptPort = 80;
inline constexpr int kMaxListeners = 16;  // addresses with port; [[listen]] without one counts two

std::string_view mode_name(wire::ConfigMode mode);

// Fills in config->listeners; without any [[listen]] a transparent one, both families' wildcard on
// the usual port. After read_gateway and read_upstreams, which it looks at.
void read_listeners(const Node& root, Diagnostics* diagnostics, wire::Config* config);

}  // namespace gatehouse::config
