// SPDX-License-Identifier: Apache-2.0
#include "worker/http/connection_options.h"

#include "worker/http/scan.h"

namespace gatehouse::worker::http {
namespace {

// Bounds the work of one head: each option is compared with each field.
constexpr int kMaxOptions = 64;

bool needed_by_all(FieldId id) {
  return id == FieldId::kHost || id == FieldId::kContentLength ||
         id == FieldId::kTransferEncoding || id == FieldId::kVia;
}

void drop_fields(Head& head, std::string_view name) {
  for (Field& field : head.fields()) {
    if (equals_ignoring_case(head.name(field), name)) field.drop = true;
  }
}

}  // namespace

Refusal read_connection(MessageKind kind, Head& head, const Field& connection,
                        ConnectionOptions& options) {
  ListReader list(head.value(connection));
  std::string_view option;
  int count = 0;
  while (list.next(option)) {
    if (option.empty()) continue;
    if (++count > kMaxOptions) return Refusal::kBadConnection;
    if (!is_token(option)) {
      if (kind == MessageKind::kRequest) return Refusal::kBadConnection;
      continue;
    }
    if (equals_ignoring_case(option, "close")) {
      options.close = true;
    } else if (equals_ignoring_case(option, "keep-alive")) {
      options.keep_alive = true;
    } else if (equals_ignoring_case(option, "upgrade")) {
      options.upgrade = true;
    } else {
      const FieldId id = field_id(option);
      if (!needed_by_all(id)) {
        if (!is_hop_by_hop(id)) drop_fields(head, option);
      } else if (kind == MessageKind::kRequest) {
        return Refusal::kBadConnection;
      }
    }
  }
  return Refusal::kNone;
}

bool names_websocket(std::string_view upgrade) {
  ListReader list(upgrade);
  std::string_view protocol;
  while (list.next(protocol)) {
    if (equals_ignoring_case(protocol, "websocket")) return true;
  }
  return false;
}

}  // namespace gatehouse::worker::http
