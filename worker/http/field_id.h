// SPDX-License-Identifier: Apache-2.0
// The field names that rules, writers or the log care about, recognised once when parsed.
#pragma once

#include <cstdint>
#include <string_view>

namespace gatehouse::worker::http {

enum class FieldId : std::uint8_t {
  kOther,
  kHost,
  kContentLength,
  kTransferEncoding,
  kConnection,
  kKeepAlive,
  kProxyConnection,
  kTe,
  kTrailer,
  kUpgrade,
  kProxyAuthenticate,
  kProxyAuthorization,
  kProxyAuthenticationInfo,
  kHttp2Settings,
  kVia,
  kExpect,
  kMaxForwards,
  kAccept,
  kUserAgent,
  kReferer,
  kAuthorization,
  kCookie,
  kDate,
  kForwarded,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedProto,
  kXRealIp,
  kUnderscoreFraming,  // Content_Length or Transfer_Encoding: some servers read '_' as '-'
};

// Case-insensitive. kOther for a name that is not in the list.
FieldId field_id(std::string_view name);

}  // namespace gatehouse::worker::http
