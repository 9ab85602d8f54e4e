// SPDX-License-Identifier: Apache-2.0
// Questions to the registrar of a running gatehoused (proto/registrar.proto), and how entries of
// its table are written and shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proto/registrar.pb.h"

namespace gatehouse::cli {

class RunTimeClient {
 public:
  // To RUN_DIR/clients.sock.
  static Result<RunTimeClient> connect(const std::string& run_directory);

  // A ClientsError is an error.
  Result<wire::ClientsReply> ask(wire::ClientsRequest request);
  // All of a kind.
  Result<std::vector<wire::RunTimeEntry>> list(wire::RunTimeEntry::Kind kind);

 private:
  explicit RunTimeClient(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
};

// "10.0.0.5" or "10.0.0.0/24" into an entry. The error is a sentence.
Status take_client(const std::string& text, wire::RunTimeEntry* entry);
// A name in any case, with or without a final dot, or an address.
void take_host(std::string_view text, wire::RunTimeEntry* entry);

std::string client_text(const wire::RunTimeEntry& entry);
// 2026-11-24T14:00:00Z
std::string time_text(std::int64_t ms_since_1970);
std::string labels_text(const wire::RunTimeEntry& entry);  // with commas between
std::string entries_table(wire::RunTimeEntry::Kind kind,
                          const std::vector<wire::RunTimeEntry>& entries);
std::string entries_json(const std::vector<wire::RunTimeEntry>& entries);

}  // namespace gatehouse::cli
