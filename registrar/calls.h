// SPDX-License-Identifier: Apache-2.0
// One call over clients.sock: is it well formed, what does it do, and what does the log say of it?
//
// Trusts: nothing of a request. Who may call is known before (registrar.h).
#pragma once

#include <string>

#include "proto/registrar.pb.h"
#include "registrar/registry.h"

namespace gatehouse::registrar {

struct Outcome {
  wire::ClientsReply reply;
  std::string what;      // for the log: "client add 10.0.0.5 role=guest for 3600 s"
  bool changed = false;  // sync() is due before the reply leaves
  bool resets = false;   // workers have connections to reset
};

Outcome handle(const wire::ClientsRequest& request, std::uint32_t uid, std::int64_t now_ms,
               Registry* registry);

wire::ClientsReply error_reply(std::string text);

}  // namespace gatehouse::registrar
