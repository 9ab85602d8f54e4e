// SPDX-License-Identifier: Apache-2.0
#include "worker/http/field_id.h"

#include <cstring>

namespace gatehouse::worker::http {
namespace {

template <class Word>
Word load_lower(const char* octets) {
  Word word;
  std::memcpy(&word, octets, sizeof(word));
  return word | static_cast<Word>(0x2020202020202020);
}

// Names are tokens: among their octets only letters change under | 0x20 in a way that can make two
// different names equal, and that is the case. '_' becomes DEL, which no name holds.
template <std::size_t kSize>
bool is(const char* name, const char (&lower)[kSize]) {
  constexpr std::size_t kLength = kSize - 1;
  std::size_t i = 0;
  if constexpr (kLength >= 8) {
    for (; i + 8 <= kLength; i += 8) {
      if (load_lower<std::uint64_t>(name + i) != load_lower<std::uint64_t>(lower + i)) return false;
    }
    // The last 8 octets, some of them for the second time.
    return load_lower<std::uint64_t>(name + kLength - 8) ==
           load_lower<std::uint64_t>(lower + kLength - 8);
  } else {
    for (; i < kLength; ++i) {
      if ((name[i] | 0x20) != (lower[i] | 0x20)) return false;
    }
    return true;
  }
}

FieldId short_name(const char* p, std::size_t size) {
  switch (size) {
    case 2:
      return is(p, "te") ? FieldId::kTe : FieldId::kOther;
    case 3:
      return is(p, "via") ? FieldId::kVia : FieldId::kOther;
    case 4:
      if (is(p, "host")) return FieldId::kHost;
      return is(p, "date") ? FieldId::kDate : FieldId::kOther;
    case 6:
      if (is(p, "accept")) return FieldId::kAccept;
      if (is(p, "cookie")) return FieldId::kCookie;
      return is(p, "expect") ? FieldId::kExpect : FieldId::kOther;
    case 7:
      if (is(p, "referer")) return FieldId::kReferer;
      if (is(p, "upgrade")) return FieldId::kUpgrade;
      return is(p, "trailer") ? FieldId::kTrailer : FieldId::kOther;
    case 9:
      if (is(p, "forwarded")) return FieldId::kForwarded;
      return is(p, "x-real-ip") ? FieldId::kXRealIp : FieldId::kOther;
    case 10:
      if (is(p, "connection")) return FieldId::kConnection;
      if (is(p, "user-agent")) return FieldId::kUserAgent;
      return is(p, "keep-alive") ? FieldId::kKeepAlive : FieldId::kOther;
    default:
      return FieldId::kOther;
  }
}

}  // namespace

FieldId field_id(std::string_view name) {
  const char* p = name.data();
  switch (name.size()) {
    case 12:
      return is(p, "max-forwards") ? FieldId::kMaxForwards : FieldId::kOther;
    case 13:
      return is(p, "authorization") ? FieldId::kAuthorization : FieldId::kOther;
    case 14:
      if (is(p, "content-length")) return FieldId::kContentLength;
      if (is(p, "http2-settings")) return FieldId::kHttp2Settings;
      return is(p, "content_length") ? FieldId::kUnderscoreFraming : FieldId::kOther;
    case 15:
      return is(p, "x-forwarded-for") ? FieldId::kXForwardedFor : FieldId::kOther;
    case 16:
      if (is(p, "proxy-connection")) return FieldId::kProxyConnection;
      return is(p, "x-forwarded-host") ? FieldId::kXForwardedHost : FieldId::kOther;
    case 17:
      if (is(p, "transfer-encoding")) return FieldId::kTransferEncoding;
      if (is(p, "x-forwarded-proto")) return FieldId::kXForwardedProto;
      return is(p, "transfer_encoding") ? FieldId::kUnderscoreFraming : FieldId::kOther;
    case 18:
      return is(p, "proxy-authenticate") ? FieldId::kProxyAuthenticate : FieldId::kOther;
    case 19:
      return is(p, "proxy-authorization") ? FieldId::kProxyAuthorization : FieldId::kOther;
    case 25:
      return is(p, "proxy-authentication-info") ? FieldId::kProxyAuthenticationInfo
                                                : FieldId::kOther;
    default:
      return name.size() <= 10 ? short_name(p, name.size()) : FieldId::kOther;
  }
}

}  // namespace gatehouse::worker::http
