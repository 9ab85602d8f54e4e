// SPDX-License-Identifier: Apache-2.0
// Rule files of a test in memory; time zones are the system's.
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "policy/language/files.h"

namespace gatehouse::policy {

inline std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class MemoryFiles final : public Files {
 public:
  std::map<std::string, std::string> texts;

  Result<std::string> read(const std::string& path) override {
    const auto found = texts.find(path);
    if (found == texts.end()) return Error{ENOENT, "can't be opened: ENOENT"};
    return found->second;
  }
  Result<lists::ReadSome> open(const std::string& path) override {
    const auto text = read(path);
    if (!text) return text.error();
    return lists::ReadSome([rest = *text](std::span<char> to) mutable -> Result<std::size_t> {
      const std::size_t size = rest.copy(to.data(), to.size());
      rest.erase(0, size);
      return size;
    });
  }
  Result<std::string> read_zone(const std::string& name) override {
    const std::string octets = read_whole("/usr/share/zoneinfo/" + name);
    if (octets.empty()) return Error{ENOENT, "is not there"};
    return octets;
  }
};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace gatehouse::policy
