// SPDX-License-Identifier: Apache-2.0
#include "worker/http/trailer_fields.h"

#include <algorithm>
#include <array>

#include "worker/http/field_id.h"
#include "worker/http/scan.h"

namespace gatehouse::worker::http {
namespace {

constexpr std::array<std::string_view, 33> kForbidden = {
    "age",
    "cache-control",
    "content-encoding",
    "content-location",
    "content-range",
    "content-type",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "location",
    "pragma",
    "range",
    "refresh",
    "retry-after",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "set-cookie",
    "set-cookie2",
    "cookie2",
    "vary",
    "warning",
    "www-authenticate",
    "authentication-info",
    "strict-transport-security",
    "content-security-policy",
    "clear-site-data",
    "alt-svc",
};

}  // namespace

bool allowed_in_trailer(std::string_view name) {
  const FieldId id = field_id(name);
  // Every name that the rules know says something about routing, framing or the sender.
  if (id != FieldId::kOther) return false;
  return std::none_of(kForbidden.begin(), kForbidden.end(), [name](std::string_view forbidden) {
    return equals_ignoring_case(name, forbidden);
  });
}

}  // namespace gatehouse::worker::http
