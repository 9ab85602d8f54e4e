// SPDX-License-Identifier: Apache-2.0
// Octets that a peer chose, made harmless for one line of a log.
//
// Trusts: nothing. Invariant: what is appended is printable ASCII, without a newline, and can't
// end the quotes around it.
#pragma once

#include <string>
#include <string_view>

namespace gatehouse::logger {

// For the inside of a JSON string: `"` and `\` get a backslash, an octet outside 0x20-0x7e becomes
// \u00XX (so the text is ISO 8859-1 of the octets, RFC 8259 7). After limit octets: "...".
void append_json_octets(std::string_view octets, std::size_t limit, std::string* out);

// For the inside of a quoted text field: `"`, `\` and octets outside 0x20-0x7e become \xHH.
void append_text_octets(std::string_view octets, std::size_t limit, std::string* out);

}  // namespace gatehouse::logger
