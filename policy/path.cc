// SPDX-License-Identifier: Apache-2.0
#include "policy/path.h"

namespace gatehouse::policy {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// One octet of path from *at on, or a triplet that stays.
void decode(std::string_view path, std::size_t* at, std::string* out) {
  char c = path[(*at)++];
  if (c == '%' && *at + 2 <= path.size() && hex(path[*at]) >= 0 && hex(path[*at + 1]) >= 0) {
    c = static_cast<char>(hex(path[*at]) * 16 + hex(path[*at + 1]));
    *at += 2;
    if (c == '/') return void(out->append("%2F"));
    if (c == '\0') return void(out->append("%00"));
  }
  out->push_back(c == '\\' ? '/' : c);
}

// The segment behind the last '/' of *out is complete.
void end_segment(std::string* out) {
  const std::size_t begin = out->rfind('/') + 1;
  const std::string_view segment = std::string_view(*out).substr(begin);
  if (segment == ".") {
    out->resize(begin);
  } else if (segment == "..") {
    const std::size_t before = begin < 2 ? 0 : out->rfind('/', begin - 2);
    out->resize(before == std::string::npos ? 1 : before + 1);
  }
}

}  // namespace

void normalize_path(std::string_view path, std::string* out) {
  out->clear();
  path = path.substr(0, path.find_first_of("?#"));
  const bool plain = path.find_first_of("%\\") == path.npos && path.find("//") == path.npos &&
                     path.find("/.") == path.npos;
  if (plain || !path.starts_with('/')) return void(out->append(path));
  for (std::size_t at = 0; at < path.size();) {
    std::string octets;
    decode(path, &at, &octets);
    if (octets != "/") {
      out->append(octets);
      continue;
    }
    if (!out->empty()) end_segment(out);
    if (!out->ends_with('/')) out->push_back('/');
  }
  end_segment(out);
}

}  // namespace gatehouse::policy
