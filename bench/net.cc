// SPDX-License-Identifier: Apache-2.0
#include "bench/net.h"

#include <arpa/inet.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace gatehouse::bench {
namespace {

BodyFile body_of(const std::string& octets) {
  BodyFile file{UniqueFd(memfd_create("body", MFD_CLOEXEC)), octets.size()};
  if (!file.fd.valid() ||
      write(file.fd.get(), octets.data(), octets.size()) != static_cast<ssize_t>(octets.size())) {
    die("no memory for a body of " + std::to_string(octets.size()) + " octets");
  }
  return file;
}

}  // namespace

void die(const std::string& sentence) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, sentence.c_str());
  std::exit(1);
}

std::uint64_t number(std::string_view text, std::string_view what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > (1ULL << 53)) {
    die(std::string(what) + " is '" + std::string(text) + "', which is no number");
  }
  return value;
}

double real_number(const char* text, std::string_view what) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != 0 || !(value >= 0)) {
    die(std::string(what) + " is '" + text + "', which is no number");
  }
  return value;
}

in_addr address(const std::string& text) {
  in_addr result{};
  if (inet_pton(AF_INET, text.c_str(), &result) != 1) die("'" + text + "' is no IPv4 address");
  return result;
}

sockaddr_in endpoint(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) die("'" + text + "' is not of the form ADDRESS:PORT");
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr = address(text.substr(0, colon));
  result.sin_port = htons(static_cast<std::uint16_t>(number(text.substr(colon + 1), "the port")));
  return result;
}

BodyFile plain_body(std::size_t size) { return body_of(std::string(size, 0)); }

BodyFile chunked_body(std::size_t count) {
  char line[32];
  std::snprintf(line, sizeof line, "%zx\r\n", kChunk);
  const std::string chunk = line + std::string(kChunk, 0) + "\r\n";
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += chunk;
  return body_of(all);
}

bool send_body(int socket, const BodyFile& file, std::uint64_t* position, std::uint64_t* left) {
  while (*left > 0) {
    auto offset = static_cast<off_t>(*position % file.size);
    const std::size_t most =
        std::min<std::uint64_t>(*left, file.size - static_cast<std::size_t>(offset));
    const ssize_t n = sendfile(socket, file.fd.get(), &offset, most);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    *position += static_cast<std::uint64_t>(n);
    *left -= static_cast<std::uint64_t>(n);
    if (static_cast<std::size_t>(n) < most) return true;
  }
  return true;
}

std::string_view field(std::string_view head, std::string_view name) {
  for (std::size_t line = head.find('\n'); line != std::string_view::npos;
       line = head.find('\n', line + 1)) {
    const std::string_view rest = head.substr(line + 1);
    if (rest.size() <= name.size() || rest[name.size()] != ':' ||
        strncasecmp(rest.data(), name.data(), name.size()) != 0) {
      continue;
    }
    std::string_view value = rest.substr(name.size() + 1);
    value = value.substr(0, value.find('\r'));
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
  }
  return {};
}

}  // namespace gatehouse::bench
