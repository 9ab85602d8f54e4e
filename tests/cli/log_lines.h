// SPDX-License-Identifier: Apache-2.0
// Lines of access logs, for tests.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/logs/reader.h"

namespace gatehouse::cli {

// A line as the logger writes it (docs/logging.md), with some values another one; a value is JSON.
inline std::string json_line(const std::map<std::string, std::string>& other = {}) {
  const std::vector<std::pair<std::string, std::string>> usual = {
      {"time", "\"2026-11-24T06:03:27.123456Z\""},
      {"client", "\"10.0.0.1\""},
      {"client_port", "40000"},
      {"destination", "\"203.0.113.80\""},
      {"destination_port", "80"},
      {"method", "\"GET\""},
      {"host", "\"www.example.com\""},
      {"target", "\"/index.html\""},
      {"version", "\"1.1\""},
      {"status", "200"},
      {"octets_in", "100"},
      {"reused", "false"},
      {"ending", "\"complete\""},
      {"reason", "\"\""},
      {"user_agent", "\"curl/7.88.1\""},
      {"referer", "\"\""},
      {"mode", "\"transparent\""},
      {"host_check", "\"match\""},
      {"rule", "\"pkgs\""},
      {"action", "\"allow\""}};
  std::string line = "{";
  for (const auto& [key, value] : usual) {
    const auto found = other.find(key);
    line += (line.size() > 1 ? ",\"" : "\"") + key +
            "\":" + (found == other.end() ? value : found->second);
  }
  return line + "}\n";
}

// Hands out a text in pieces of so many octets.
inline logs::Reader reader_of(const std::string& text, std::size_t piece = 4096) {
  return logs::Reader([text, piece, at = std::size_t{0}](char* to, std::size_t most) mutable {
    const std::size_t size = text.copy(to, std::min(piece, most), at);
    at += size;
    return Result<std::size_t>(size);
  });
}

}  // namespace gatehouse::cli
