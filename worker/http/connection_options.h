// SPDX-License-Identifier: Apache-2.0
// The Connection field and the fields that never leave a hop (RFC 9110 7.6.1). Internal.
#pragma once

#include "worker/http/head.h"
#include "worker/http/refusal.h"

namespace gatehouse::worker::http {

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};

// Reads one Connection field into options and marks the fields that it names. Empty members are
// skipped. kBadConnection for more than 64 members. Of a request also for a member that isn't a
// token or names a field which every recipient needs (Host, framing, Via); in a response such a
// member is skipped: known servers send "Connection: Transfer-Encoding", and framing is decided by
// the framing fields alone.
Refusal read_connection(MessageKind kind, Head& head, const Field& connection,
                        ConnectionOptions& options);

// Hop-by-hop whatever Connection says. Trailer is not among them: the writers decide.
inline bool is_hop_by_hop(FieldId id) {
  switch (id) {
    case FieldId::kConnection:
    case FieldId::kKeepAlive:
    case FieldId::kProxyConnection:
    case FieldId::kTe:
    case FieldId::kUpgrade:
    case FieldId::kProxyAuthenticate:
    case FieldId::kProxyAuthorization:
    case FieldId::kProxyAuthenticationInfo:
    case FieldId::kHttp2Settings:
      return true;
    default:
      return false;
  }
}

// An Upgrade list names websocket, the one protocol that may be switched to.
bool names_websocket(std::string_view upgrade);

}  // namespace gatehouse::worker::http
