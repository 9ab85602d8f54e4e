// SPDX-License-Identifier: Apache-2.0
// How many descriptors this process has open: what a test compares before and after.
#pragma once

#include <dirent.h>

namespace gatehouse {

inline int open_fds() {
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

}  // namespace gatehouse
