// SPDX-License-Identifier: Apache-2.0
// How an attempt tells the test what came of it: a record on the worker's log pipe.
#pragma once

#include <string_view>

namespace gatehouse::hostile {

// "outcome TEXT", as an EventRecord.
void report(std::string_view text);
// Octets as they are, on the log pipe.
bool write_log(std::string_view octets);
// A whole EventRecord with this text.
bool write_event(std::string_view text);

}  // namespace gatehouse::hostile
