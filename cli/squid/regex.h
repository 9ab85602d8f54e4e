// SPDX-License-Identifier: Apache-2.0
// POSIX extended expressions, as Squid has them, against RE2's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::squid {

// The same for RE2; nothing: it is no expression that both read alike.
std::optional<std::string> same_regex(std::string_view posix, bool ignore_case);

// A name, ".example.com" with all beneath it, which is all that the expression matches of host
// names; nothing: it is of another kind. `^www\.example\.com$`, `(^|\.)example\.com$`.
std::optional<std::string> name_of_regex(std::string_view posix);

}  // namespace gatehouse::squid
