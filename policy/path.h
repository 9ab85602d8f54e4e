// SPDX-License-Identifier: Apache-2.0
// The path of a request as rules see it, so that no spelling of a path walks past a rule about it.
#pragma once

#include <string>
#include <string_view>

namespace gatehouse::policy {

// Without query and fragment; percent-encoded octets decoded, but for %2F and %00 (in capitals),
// which a server may treat as something else than '/' and the end; "//" as "/", "." and ".."
// resolved (RFC 3986 5.2.4, after the decoding, so that "%2e%2e" is ".."); a backslash is a slash,
// as some servers have it. Into *out; begins with '/' unless path does not ("*").
void normalize_path(std::string_view path, std::string* out);

}  // namespace gatehouse::policy
