// SPDX-License-Identifier: Apache-2.0
#include "cli/process_facts.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "base/unique_fd.h"

namespace gatehouse::cli {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

std::string path_of(pid_t pid, std::string_view name) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(name);
}

Result<std::string> read_text(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error("reading " + path);
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("reading " + path);
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

Result<std::string> read_link(const std::string& path) {
  char target[4096];
  const ssize_t n = ::readlink(path.c_str(), target, sizeof target);
  if (n < 0) return errno_error("reading " + path);
  return std::string(target, static_cast<std::size_t>(n));
}

// The names in a directory except . and ..
Result<std::vector<std::string>> names_in(const std::string& path) {
  const Directory directory(::opendir(path.c_str()));
  if (!directory) return errno_error("reading " + path);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

template <class Number>
bool parse_number(std::string_view text, Number* number, int base = 10) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *number, base);
  return error == std::errc() && rest == end;
}

bool parse_four(const std::string& text, std::array<std::uint32_t, 4>* numbers) {
  std::istringstream stream(text);
  for (std::uint32_t& number : *numbers) {
    if (!(stream >> number)) return false;
  }
  return true;
}

bool parse_limit(const std::string& text, std::uint64_t* value) {
  if (text == "unlimited") {
    *value = ~std::uint64_t{0};
    return true;
  }
  return parse_number(text, value);
}

Status read_namespaces(ProcessFacts* facts) {
  for (const std::string_view name : kNamespaceFiles) {
    const auto link = read_link(path_of(facts->pid, "ns/" + std::string(name)));
    if (!link) return link.error();
    facts->namespaces[std::string(name)] = *link;
  }
  return ok();
}

Status read_root(ProcessFacts* facts) {
  const std::string root = path_of(facts->pid, "root/");
  const auto names = names_in(root);
  if (!names) return names.error();
  facts->root_is_empty = names->empty();
  struct statvfs status {};
  if (::statvfs(root.c_str(), &status) != 0) return errno_error("reading " + root);
  facts->root_is_read_only = (status.f_flag & ST_RDONLY) != 0;
  return ok();
}

// By its number: in a process with another root the name is not that of the host.
bool is_null_device(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode) &&
         status.st_rdev == makedev(1, 3);
}

Status read_fds(ProcessFacts* facts) {
  const std::string directory = path_of(facts->pid, "fd");
  const auto names = names_in(directory);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    int fd = 0;
    const auto link = read_link(directory + "/" + name);
    // Closed meanwhile: connections come and go.
    if (!link || !parse_number(name, &fd)) continue;
    facts->fds[fd] = is_null_device(directory + "/" + name) ? "/dev/null" : *link;
  }
  return ok();
}

}  // namespace

bool parse_status(std::string_view text, ProcessFacts* facts) {
  std::map<std::string, std::string> fields;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return false;
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    const std::size_t end = line.find_last_not_of(" \t");
    fields[line.substr(0, colon)] =
        value == std::string::npos ? "" : line.substr(value, end + 1 - value);
  }
  facts->groups = fields["Groups"];
  return parse_number(fields["PPid"], &facts->parent) && parse_four(fields["Uid"], &facts->uids) &&
         parse_four(fields["Gid"], &facts->gids) &&
         parse_number(fields["CapInh"], &facts->cap_inheritable, 16) &&
         parse_number(fields["CapPrm"], &facts->cap_permitted, 16) &&
         parse_number(fields["CapEff"], &facts->cap_effective, 16) &&
         parse_number(fields["CapBnd"], &facts->cap_bounding, 16) &&
         parse_number(fields["CapAmb"], &facts->cap_ambient, 16) &&
         parse_number(fields["NoNewPrivs"], &facts->no_new_privileges) &&
         parse_number(fields["Seccomp"], &facts->seccomp) &&
         parse_number(fields["Seccomp_filters"], &facts->seccomp_filters) &&
         parse_number(fields["Threads"], &facts->threads);
}

// Fixed columns: name (25), soft (20), hard (20), unit.
bool parse_limits(std::string_view text, ProcessFacts* facts) {
  constexpr std::size_t kName = 26;
  std::istringstream stream{std::string(text)};
  std::string line;
  if (!std::getline(stream, line) || !line.starts_with("Limit")) return false;
  while (std::getline(stream, line)) {
    if (line.size() < kName) return false;
    const std::string name = line.substr(0, line.find_last_not_of(' ', kName - 1) + 1);
    std::istringstream values(line.substr(kName));
    std::string soft, hard;
    LimitFact limit;
    if (!(values >> soft >> hard) || !parse_limit(soft, &limit.soft) ||
        !parse_limit(hard, &limit.hard)) {
      return false;
    }
    facts->limits[name] = limit;
  }
  return !facts->limits.empty();
}

Result<ProcessFacts> read_process(pid_t pid) {
  ProcessFacts facts;
  facts.pid = pid;
  const std::string status_path = path_of(pid, "status");
  const auto status = read_text(status_path);
  if (!status) return status.error();
  if (!parse_status(*status, &facts)) return Error{0, status_path + " can't be understood"};
  const auto limits = read_text(path_of(pid, "limits"));
  if (!limits) return limits.error();
  if (!parse_limits(*limits, &facts)) {
    return Error{0, path_of(pid, "limits") + " can't be understood"};
  }
  struct stat owner {};
  if (::stat(status_path.c_str(), &owner) != 0) return errno_error("reading " + status_path);
  // The files of an undumpable process belong to root, whoever it runs as.
  facts.dumpable = owner.st_uid != 0;
  const auto executable = read_link(path_of(pid, "exe"));
  if (!executable) return executable.error();
  facts.executable = *executable;
  if (auto done = read_namespaces(&facts); !done) return done.error();
  if (auto done = read_root(&facts); !done) return done.error();
  if (auto done = read_fds(&facts); !done) return done.error();
  return facts;
}

Result<std::vector<pid_t>> children_of(pid_t pid) {
  const auto names = names_in("/proc");
  if (!names) return names.error();
  std::vector<pid_t> children;
  for (const std::string& name : *names) {
    pid_t candidate = 0;
    if (!parse_number(name, &candidate)) continue;
    const auto status = read_text(path_of(candidate, "status"));
    ProcessFacts facts;
    if (status && parse_status(*status, &facts) && facts.parent == pid) {
      children.push_back(candidate);
    }
  }
  std::sort(children.begin(), children.end());
  return children;
}

}  // namespace gatehouse::cli
