// SPDX-License-Identifier: Apache-2.0
// The [[listen]] tables: where the gateway listens, and that no two of them collide.
#pragma once

#include "config/diagnostics.h"
#include "config/toml_document.h"
#include "proto/config.pb.h"

namespace gatehouse::config {

inline constexpr std::uint32_t kUsualListenPort = 8888;
inline constexpr std::uint32_t kUsualInterceptPort = 80;
inline constexpr int kMaxListeners = 16;  // addresses with port; [[listen]] without one counts two

// Fills in config->listeners; without any [[listen]] both families' wildcard on the usual port.
void read_listeners(const Node& root, Diagnostics* diagnostics, wire::Config* config);

}  // namespace gatehouse::config
