// SPDX-License-Identifier: Apache-2.0
// One exchange of the past, as a log tells it.
//
// Trusts: nothing. Method, host, target and the other texts are what peers sent, and may hold any
// octets; who shows them makes them printable.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/address.h"
#include "proto/config.pb.h"

namespace gatehouse::logs {

enum class Format : std::uint8_t { kJson, kCombined, kSquid };

// What was decided about the request then.
enum class Decided : std::uint8_t {
  kAllow,
  kDeny,
  kNothing,  // no policy was asked: no request could be read, it was refused as malformed, ...
};

// Views into the line and its reader; valid until the next line is read.
struct Record {
  Format format = Format::kJson;
  std::int64_t time = 0;  // seconds since 1970
  IpAddress client;
  std::optional<wire::ConfigMode> mode;  // of the listener
  Endpoint destination;                  // of the client's connection; AF_UNSPEC: not known
  std::string_view method;               // empty: of a tunnel of what isn't HTTP
  std::string_view host;                 // the Host field; empty: not known, or none
  std::string_view target;
  unsigned status = 0;  // that the client got
  bool cut = false;     // method, host or target are longer than a log holds
  Decided decided = Decided::kNothing;
  std::string_view rule;             // that decided; empty: not known
  std::optional<bool> name_matches;  // the destination is one of the addresses of the name
  std::optional<std::string_view> user_agent, referer;  // nothing: the log doesn't tell
};

}  // namespace gatehouse::logs
