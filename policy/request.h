// SPDX-License-Identifier: Apache-2.0
// What a policy may look at, and what it has decided.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "policy/limits/limit_key.h"
#include "proto/config.pb.h"

namespace gatehouse::policy {

class TextPattern;
struct Rule;

// Does the destination belong to the name that the request is for?
enum class Verified : std::uint8_t { kNo, kYes, kUnknown };

// The header fields of a request.
class Fields {
 public:
  // Is there a field of this name (in lower case) with a value that matches; pattern null: with
  // any?
  virtual bool any(std::string_view name, const TextPattern* pattern) const = 0;
  // Of all fields of this name, with commas between (RFC 9110 5.3). Only asked where limits are
  // enforced.
  virtual std::string value(std::string_view /*name*/) const { return {}; }

 protected:
  ~Fields() = default;
};

// Views live as long as the call. Nothing of it need be well formed but the addresses.
struct Request {
  IpAddress client;
  wire::ConfigMode mode = wire::TRANSPARENT;  // of the listener
  std::uint16_t listener_port = 0;
  Endpoint destination;     // AF_UNSPEC: not known yet, as a name's in forward mode
  std::string_view host;    // a name as written, without port; empty: none, or an address
  std::string_view method;  // empty: not HTTP
  std::string_view path;    // as written, a query may follow; empty: none can be seen
  const Fields* fields = nullptr;
  std::int64_t now = 0;  // seconds since 1970; only read where Engine::uses_time()
  Verified verified = Verified::kUnknown;
  std::span<const std::string> labels;  // "key=value", of the client; only read where uses_labels()
};

// The final response to a request that was allowed.
struct Response {
  unsigned status = 0;
  std::vector<std::string_view> types;  // the values of its Content-Type fields
  std::optional<std::uint64_t> size;    // octets of content; nothing: known at its end
};

// A limit that matched, and whose it is.
struct Claim {
  const Rule* rule = nullptr;
  LimitKey key;
};

struct Decision {
  const Rule* rule = nullptr;        // the first that decides; null: it depends on Request.verified
  std::vector<const Rule*> effects;  // rules that matched before it and went on, in order
  std::vector<const Rule*> later;    // such rules that are about the response, not yet asked of it
  std::vector<Claim> claims;  // of the limits among the effects, of an allow; see set_secret()
  bool looked_at_time = false;
  std::uint64_t number = 0;  // of the grant or bypass that decided instead of the policy
};

// What rules about the response decide.
struct ResponseDecision {
  const Rule* rule = nullptr;        // the first that denies; null: it may go on
  std::vector<const Rule*> effects;  // rules that matched before it and went on, in order
  // It is denied by this rule as soon as it has more octets of content than most. Null: none does.
  const Rule* too_large = nullptr;
  std::uint64_t most = 0;
};

}  // namespace gatehouse::policy
