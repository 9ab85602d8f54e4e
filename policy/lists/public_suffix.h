// SPDX-License-Identifier: Apache-2.0
// Names below which anyone can register: "com", "co.uk", "github.io" (publicsuffix.org, as built
// into libpsl).
#pragma once

#include <string_view>

namespace gatehouse::lists {

// host: as HostName has it. True too for every name of one label.
bool is_public_suffix(std::string_view host);

}  // namespace gatehouse::lists
