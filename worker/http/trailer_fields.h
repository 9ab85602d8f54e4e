// SPDX-License-Identifier: Apache-2.0
// Which trailer fields may be passed on (RFC 9110 6.5.1). Internal.
#pragma once

#include <string_view>

namespace gatehouse::worker::http {

// False for fields about framing, routing, modifiers, authentication, response control, content
// format and hop-by-hop: a recipient that merged them into the head would be misled.
bool allowed_in_trailer(std::string_view name);

}  // namespace gatehouse::worker::http
