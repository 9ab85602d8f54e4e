// SPDX-License-Identifier: Apache-2.0
// The parsed head of a request or response: offsets into the octets it was parsed from.
//
// Trusts: nothing. Filled in by HeadParser, marked by check_request and check_response.
// Invariants:
// 1. A Head holds no octets: it is valid as long as they are, and follows them through rebase()
//    when they move.
// 2. Spans lie within [0, size) of the octets.
// 3. A field value has no CR, LF or NUL and no whitespace at either end; a name is a token.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "worker/http/field_id.h"

namespace gatehouse::worker::http {

struct Span {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
};

struct Field {
  std::uint32_t name_begin;
  std::uint32_t value_begin;
  std::uint16_t name_size;
  std::uint16_t value_size;
  FieldId id;
  // The line is exactly NAME ": " VALUE CRLF, so that copying it is the same as generating it.
  bool canonical;
  // A response may have whitespace before the colon; it is never forwarded (RFC 9112 5.1).
  bool space_before_colon;
  // Set by the rules: hop-by-hop, named by Connection, or replaced by what the writer generates.
  bool drop;
};

enum class Method : std::uint8_t {
  kOther,
  kGet,
  kHead,
  kPost,
  kPut,
  kPatch,
  kDelete,
  kOptions,
  kTrace,
  kConnect
};

// Highest number of fields whatever the limits say: the size of the array.
inline constexpr std::size_t kMaxFields = 128;
// Highest size of a head whatever the limits say: sizes of names and values have 16 bits.
inline constexpr std::size_t kMaxHead = 65535;

struct Head {
  const char* base = nullptr;  // the octets that were parsed
  std::uint32_t size = 0;      // octets of the whole head, an ignored empty line included
  std::uint8_t minor = 1;      // HTTP/1.minor as received, 0..9; above 1 means the same as 1
  // Request.
  Method method = Method::kOther;
  Span method_text;
  Span target;
  // Response.
  std::uint16_t status = 0;  // 100..999
  Span reason;               // may be empty

  std::uint16_t field_count = 0;
  std::array<Field, kMaxFields> field_array;

  std::string_view text(Span span) const { return {base + span.begin, span.size}; }
  std::string_view name(const Field& field) const {
    return {base + field.name_begin, field.name_size};
  }
  std::string_view value(const Field& field) const {
    return {base + field.value_begin, field.value_size};
  }
  std::span<Field> fields() { return {field_array.data(), field_count}; }
  std::span<const Field> fields() const { return {field_array.data(), field_count}; }

  // The value of the first field with this id; empty where there is none (see also has()).
  std::string_view find(FieldId id) const;
  bool has(FieldId id) const;
  // The octets were moved; their content is the same.
  void rebase(const char* octets) { base = octets; }
};

}  // namespace gatehouse::worker::http
