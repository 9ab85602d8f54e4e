// SPDX-License-Identifier: Apache-2.0
#include "config/directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/unique_fd.h"
#include "policy/language/parse.h"

namespace gatehouse::config {
namespace {

Error failed(const char* what) {
  const int number = errno;
  std::string text = std::string(what) + ": " + strerrorname_np(number);
  if (number == EACCES) {
    text +=
        " (the loader's user must be allowed to read it, and a link must not lead out of the "
        "directory of the configuration file)";
  }
  return Error{number, text};
}

// At most one octet more than a file may have.
Result<std::string> read_all(int directory, const std::string& path) {
  const UniqueFd file(::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return failed("can't be opened");
  std::string text;
  char buffer[std::size_t{32} * 1024];
  while (text.size() <= policy::kMaxFile) {
    const std::size_t most = std::min(sizeof buffer, policy::kMaxFile + 1 - text.size());
    const ssize_t n = ::read(file.get(), buffer, most);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("can't be read");
    if (n == 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

bool is_zone_name(const std::string& name) {
  return policy::path_problem(name).empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                  c == '/' || c == '_' || c == '-' || c == '+';
         });
}

}  // namespace

Result<std::string> Directory::read(const std::string& path) {
  return read_all(configuration_, path);
}

Result<lists::ReadSome> Directory::open(const std::string& path) {
  // Shared, as a std::function can be copied.
  auto file = std::make_shared<UniqueFd>(
      ::openat(configuration_, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file->valid()) return failed("can't be opened");
  return lists::ReadSome([file](std::span<char> to) -> Result<std::size_t> {
    for (;;) {
      const ssize_t n = ::read(file->get(), to.data(), to.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return failed("can't be read");
    }
  });
}

Result<std::string> Directory::read_zone(const std::string& name) {
  if (!is_zone_name(name)) return Error{EINVAL, "is no name of the tz database"};
  auto octets = read_all(zones_, name);
  if (!octets) {
    return Error{octets.error().number, "is not in /usr/share/zoneinfo of this host (" +
                                            octets.error().what +
                                            "); is it spelled right, and "
                                            "tzdata installed?"};
  }
  return octets;
}

}  // namespace gatehouse::config
