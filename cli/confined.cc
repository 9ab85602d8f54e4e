// SPDX-License-Identifier: Apache-2.0
#include "cli/confined.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "base/privileges.h"
#include "base/sandbox.h"
#include "base/unique_fd.h"
#include "cli/command.h"
#include "config/directory.h"
#include "config/values.h"

namespace gatehouse::cli {
namespace {

constexpr std::size_t kMaxReport = 256 * 1024;  // octets from the child that are looked at
constexpr char kDone = '+', kUnreadable = '-';  // the first octet of what it says

std::string directory_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (file == "-" || slash == file.npos) return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

// Reads all of standard input and works on it.
std::string answer(const std::string& name, config::Surroundings surroundings,
                   const std::function<std::string(const ConfinedInput&)>& work) {
  surroundings.resolv_conf = config::read_resolv_conf_text(kLoaderResolvConfFd);
  config::Directory files(kLoaderDirectoryFd, kLoaderZonesFd);
  surroundings.files = &files;
  const std::string shown = config::printable(name, 120);
  std::string text(config::kMaxText + 1, '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t n = ::read(STDIN_FILENO, text.data() + have, text.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return kUnreadable + shown + ": can't be read: " + strerrorname_np(errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  if (have > config::kMaxText) {
    return kUnreadable + shown + ": is larger than 1 MiB, the most that is read";
  }
  text.resize(have);
  return kDone + work({name, std::move(text), std::move(surroundings)});
}

struct Inherited {
  int text, report, directory;
};

// The loader's descriptors at their numbers, everything else closed.
bool settle(const Inherited& from) {
  const auto above = [](int fd) { return ::fcntl(fd, F_DUPFD, 20); };
  const int null = above(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const int text = above(from.text), report = above(from.report), folder = above(from.directory);
  const int resolv_conf = above(::open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const int zones = above(::open(config::kZoneDirectory, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const auto place = [null](int fd, int number) {
    return ::dup2(fd < 0 ? null : fd, number) == number;
  };
  return null >= 0 && place(text, 0) && place(null, 1) && place(null, 2) &&
         place(null, kChannelFd) && place(report, kLoaderOutputFd) && place(null, kLoaderListsFd) &&
         place(resolv_conf, kLoaderResolvConfFd) && place(folder, kLoaderDirectoryFd) &&
         place(zones, kLoaderZonesFd) && ::close_range(kLoaderZonesFd + 1, ~0U, 0) == 0;
}

bool confine() {
  const RolePrivileges& loader = privileges(Role::kLoader);
  // What can't be allowed, such as a missing directory of time zones, is not there to be read.
  std::vector<LandlockAllow> allow = {{kLoaderDirectoryFd, kLandlockReadFile}};
  if (::faccessat(AT_FDCWD, config::kZoneDirectory, R_OK, 0) == 0) {
    allow.push_back({kLoaderZonesFd, kLandlockReadFile});
  }
  return set_limits(loader.limits) && set_no_new_privileges() &&
         ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && landlock_restrict(allow, true) &&
         install_filter(loader.own);
}

[[noreturn]] void be_child(const Inherited& inherited, const std::string& name,
                           const std::function<std::string(const ConfinedInput&)>& work) {
  const config::Surroundings surroundings = config::look_around();
  if (!settle(inherited) || !confine()) ::_exit(kFailed);
  const std::string said = answer(name, surroundings, work);
  std::size_t done = 0;
  while (done < said.size()) {
    const ssize_t n = ::write(kLoaderOutputFd, said.data() + done, said.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) ::_exit(kFailed);
    done += static_cast<std::size_t>(n);
  }
  ::_exit(kOk);
}

std::string read_report(int fd) {
  std::string report;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return report;
    if (report.size() < kMaxReport) report.append(buffer, static_cast<std::size_t>(n));
  }
}

Error with_code(const Error& error, Exit code) { return Error{code, error.what}; }

}  // namespace

Result<std::string> work_confined(const std::string& file,
                                  const std::function<std::string(const ConfinedInput&)>& work) {
  const UniqueFd text(file == "-" ? ::dup(STDIN_FILENO)
                                  : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!text.valid()) return with_code(errno_error("opening " + file), kWrong);
  const UniqueFd directory(::open(directory_of(file).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return with_code(errno_error("pipe"), kFailed);
  const UniqueFd report(ends[0]);
  UniqueFd child_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return with_code(errno_error("starting the parser"), kFailed);
  if (child == 0) {
    be_child({text.get(), child_end.get(), directory.get()}, file == "-" ? "standard input" : file,
             work);
  }
  child_end.reset();
  const std::string said = read_report(report.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != kOk || said.empty()) {
    const std::string how = WIFSIGNALED(status)
                                ? "signal " + std::to_string(WTERMSIG(status))
                                : "exit code " + std::to_string(WEXITSTATUS(status));
    return Error{kFailed, "the confined parser ended without an answer (" + how + ")"};
  }
  if (said[0] != kDone) return Error{kWrong, said.substr(1)};
  return said.substr(1);
}

void print_lines(std::string_view text, std::FILE* stream) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::fprintf(stream, "%s\n", config::printable(text.substr(0, end), 4096).c_str());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace gatehouse::cli
