// SPDX-License-Identifier: Apache-2.0
// The parent's operational log.
#pragma once

#include "ipc/event_log.h"

namespace gatehouse::privileged {

using ipc::EventLog;
using ipc::Level;

}  // namespace gatehouse::privileged
