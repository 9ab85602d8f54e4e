// SPDX-License-Identifier: Apache-2.0
// Where rule files, lists and time zones come from.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/lists/line_source.h"

namespace gatehouse::policy {

class Files {
 public:
  // Text of a file beneath the directory of the configuration; path is relative and has no "..".
  // The error is a clause: "can't be opened: ...".
  virtual Result<std::string> read(const std::string& path) = 0;
  // The same file piece by piece; it is open as long as what is returned lives. One at a time.
  virtual Result<lists::ReadSome> open(const std::string& path) = 0;
  // Octets of a zone of the tz database (RFC 8536); name is as in "Europe/Vienna".
  virtual Result<std::string> read_zone(const std::string& name) = 0;

 protected:
  ~Files() = default;
};

// Why a path is not taken, as a clause; empty: it is right.
std::string path_problem(std::string_view path);

}  // namespace gatehouse::policy
