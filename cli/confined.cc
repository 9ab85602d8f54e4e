// SPDX-License-Identifier: Apache-2.0
#include "cli/confined.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <vector>

#include "base/privileges.h"
#include "base/sandbox.h"
#include "base/unique_fd.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "config/directory.h"
#include "config/values.h"

namespace gatehouse::cli {
namespace {

using Work = std::function<std::string(const ConfinedInput&)>;

constexpr int kLogFd = kLoaderListsFd;     // the child compiles lists in memory
constexpr std::size_t kMaxProgress = 160;  // letters of a line

// The first octet of what the child says: lines of progress, then once one of the others.
constexpr char kProgress = '.', kDone = '+', kUnreadable = '-';

std::string directory_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (file == "-" || slash == file.npos) return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

// All of it; false where the other end is gone.
bool say(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(kLoaderOutputFd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void say_progress(const std::string& line) {
  say(kProgress + config::printable(line, kMaxProgress) + "\n");
}

// Millions of lines take seconds.
void tell_of_lists(const lists::CompileProgress& progress) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  if (progress.stage == lists::CompileProgress::Stage::kReading) {
    say_progress("reading " + std::string(progress.file) + ": " +
                 std::to_string(progress.octets / kMiB) + " MiB, " +
                 std::to_string(progress.entries) + " entries of lists in all");
  } else if (progress.stage == lists::CompileProgress::Stage::kSorting) {
    say_progress("sorting " + std::to_string(progress.entries) +
                 " entries of lists: " + std::to_string(progress.percent) + " %");
  }
}

// Reads all of standard input and works on it.
std::string answer(const std::string& name, config::Surroundings surroundings,
                   std::optional<std::uint64_t> log_size, const Work& work) {
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
  surroundings.lists.on_progress = tell_of_lists;
  return kDone + work({name, std::move(text), std::move(surroundings), log_size ? kLogFd : -1,
                       log_size.value_or(0), say_progress});
}

struct Inherited {
  int text, log, report, directory;  // -1: there is none
};

// The loader's descriptors at their numbers, everything else closed.
bool settle(const Inherited& from) {
  const auto above = [](int fd) { return ::fcntl(fd, F_DUPFD, 20); };
  const int null = above(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const int text = above(from.text), log = above(from.log), report = above(from.report);
  const int folder = above(from.directory);
  const int resolv_conf = above(::open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const int zones = above(::open(config::kZoneDirectory, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const auto place = [null](int fd, int number) {
    return ::dup2(fd < 0 ? null : fd, number) == number;
  };
  return null >= 0 && place(text, 0) && place(null, 1) && place(null, 2) &&
         place(null, kChannelFd) && place(report, kLoaderOutputFd) && place(log, kLogFd) &&
         place(resolv_conf, kLoaderResolvConfFd) && place(folder, kLoaderDirectoryFd) &&
         place(zones, kLoaderZonesFd) && ::close_range(kLoaderZonesFd + 1, ~0U, 0) == 0;
}

// A log may be as long as it is, and who waits for it can interrupt.
bool confine(bool directory, bool log) {
  const RolePrivileges& loader = privileges(Role::kLoader);
  std::vector<LimitRule> limits(loader.limits.begin(), loader.limits.end());
  if (log) std::erase_if(limits, [](const auto& rule) { return rule.resource == RLIMIT_CPU; });
  // What can't be allowed, such as a missing directory of time zones, is not there to be read.
  std::vector<LandlockAllow> allow;
  if (directory) allow.push_back({kLoaderDirectoryFd, kLandlockReadFile});
  if (::faccessat(AT_FDCWD, config::kZoneDirectory, R_OK, 0) == 0) {
    allow.push_back({kLoaderZonesFd, kLandlockReadFile});
  }
  return set_limits(limits) && set_no_new_privileges() &&
         ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && landlock_restrict(allow, true) &&
         install_filter(loader.own);
}

[[noreturn]] void be_child(const Inherited& inherited, const std::string& name,
                           std::optional<std::uint64_t> log_size, const Work& work) {
  const config::Surroundings surroundings = config::look_around();
  if (!settle(inherited) || !confine(inherited.directory >= 0, log_size.has_value()))
    ::_exit(kFailed);
  ::_exit(say(answer(name, surroundings, log_size, work)) ? kOk : kFailed);
}

// Without the lines of progress, which are shown.
std::string read_report(int fd, std::size_t most) {
  ProgressLine progress(stderr);
  std::string report;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return report;
    if (report.size() < most) report.append(buffer, static_cast<std::size_t>(n));
    while (report.starts_with(kProgress)) {
      const std::size_t end = report.find('\n');
      if (end == report.npos) break;
      progress.show(std::string_view(report).substr(1, end - 1));
      report.erase(0, end + 1);
    }
  }
}

// Octets of a log that lies in a file.
std::uint64_t size_of(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)
             ? static_cast<std::uint64_t>(status.st_size)
             : 0;
}

UniqueFd open_for_reading(const std::string& file) {
  if (file.empty()) return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return UniqueFd(file == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                              : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
}

Error with_code(const Error& error, Exit code) { return Error{code, error.what}; }

}  // namespace

Result<std::string> work_confined(const ConfinedFiles& files, const Work& work) {
  const std::string& file = files.text;
  const UniqueFd text = open_for_reading(file);
  if (!text.valid()) return with_code(errno_error("opening " + file), kWrong);
  UniqueFd log;
  std::optional<std::uint64_t> log_size;
  if (!files.log.empty()) {
    log = open_for_reading(files.log);
    if (!log.valid()) return with_code(errno_error("opening " + files.log), kWrong);
    log_size = size_of(log.get());
  }
  UniqueFd directory;
  if (!file.empty()) {
    directory.reset(::open(directory_of(file).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return with_code(errno_error("pipe"), kFailed);
  const UniqueFd report(ends[0]);
  UniqueFd child_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return with_code(errno_error("starting the parser"), kFailed);
  if (child == 0) {
    be_child({text.get(), log.get(), child_end.get(), directory.get()},
             file == "-" ? "standard input" : file, log_size, work);
  }
  child_end.reset();
  const std::string said = read_report(report.get(), files.most_report);
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
