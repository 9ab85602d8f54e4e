// SPDX-License-Identifier: Apache-2.0
// The files of a policy: beneath the directory of the configuration, and the system's time zones.
//
// Runs in: the loader and the confined child of the command line, whose filters allow exactly these
// openat(2) calls, and whose Landlock domain (or user) bounds what they reach.
// Trusts: nothing. A path may be a link out of the directory: the kernel refuses it then.
#pragma once

#include <string>

#include "policy/language/files.h"

namespace gatehouse::config {

// What both the loader's spawner and the command line open.
inline constexpr char kZoneDirectory[] = "/usr/share/zoneinfo";

class Directory final : public policy::Files {
 public:
  // Descriptors of directories, which stay open meanwhile.
  Directory(int configuration, int zones) : configuration_(configuration), zones_(zones) {}

  Result<std::string> read(const std::string& path) override;
  Result<lists::ReadSome> open(const std::string& path) override;
  Result<std::string> read_zone(const std::string& name) override;

 private:
  int configuration_, zones_;
};

}  // namespace gatehouse::config
