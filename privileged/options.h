// SPDX-License-Identifier: Apache-2.0
// The command line of gatehoused. Written by root, trusted; the only way to lift the floor.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "privileged/floor.h"

namespace gatehouse::privileged {

struct Options {
  std::string config;
  std::string libexec;  // directory of the roles' executables
  std::string run_directory = "/run/gatehouse";
  std::string log_directory = "/var/log/gatehouse";
  std::string state_directory = "/var/lib/gatehouse";
  uid_t uid_base = 64200;
  std::string control_group;  // a gid; empty: none
  bool require_all = false;
  Floor::Lifted lifted;
  bool help = false;
  bool version = false;
};

Result<Options> parse_options(int argc, char** argv);
extern const char kHelp[];

}  // namespace gatehouse::privileged
