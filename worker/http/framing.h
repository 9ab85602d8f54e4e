// SPDX-License-Identifier: Apache-2.0
// Content-Length and Transfer-Encoding, shared by the rules of both directions (RFC 9112 6).
// Internal.
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/http/refusal.h"

namespace gatehouse::worker::http {

// Both collect over all fields of a message; a second field only adds to what the first said.
class ContentLength {
 public:
  // allow_repeated: equal values, in a list or in several fields, count as one (RFC 9110 8.6
  // allows it; only responses get it, as servers do that and clients that do it are attacking).
  explicit ContentLength(bool allow_repeated) : allow_repeated_(allow_repeated) {}

  Refusal add(std::string_view value);
  bool present() const { return present_; }
  std::uint64_t value() const { return value_; }

 private:
  bool allow_repeated_;
  bool present_ = false;
  std::uint64_t value_ = 0;
};

class TransferEncoding {
 public:
  Refusal add(std::string_view value);
  // After all fields: kNone when the only coding is chunked.
  Refusal verdict() const;
  bool present() const { return present_; }

 private:
  bool present_ = false;
  bool chunked_last_ = false;
  bool others_ = false;
};

}  // namespace gatehouse::worker::http
