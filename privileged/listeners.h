// SPDX-License-Identifier: Apache-2.0
// The listening sockets: a fixed number for each configured address, in one SO_REUSEPORT group, all
// IP_TRANSPARENT. The parent keeps them to the end and deals copies to workers, so that no accept
// queue is ever lost (closing one of a group drops what is queued on it).
#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "privileged/settings.h"

namespace gatehouse::privileged {

struct Listener {
  unsigned service = 0;  // index into Settings::listeners
  Endpoint endpoint;
  UniqueFd socket;
  std::uint32_t holder = 0;  // child that it is dealt to; 0: nobody
};

// Adds to *listeners the sockets of every address of settings that it lacks, and says for each of
// the others which service it now serves. Addresses can be added at run time, but below port 1024
// only at the start (CAP_NET_BIND_SERVICE), and none can be removed: both are errors that say so.
Status open_listeners(const Settings& settings, std::vector<Listener>* listeners);

}  // namespace gatehouse::privileged
