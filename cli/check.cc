// SPDX-License-Identifier: Apache-2.0
// gatehouse check: is a configuration right, and what does it mean?
//
// The text may come from anywhere, and whoever types this may be root: it is parsed in a child with
// the loader's limits and filter. Trusts: nothing of what the child says but that it is shown as
// printable text.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/privileges.h"
#include "base/sandbox.h"
#include "base/unique_fd.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "config/config.h"
#include "config/values.h"

namespace gatehouse::cli {
namespace {

constexpr std::string_view kHelp =
    "Usage: gatehouse check FILE [--explain]\n"
    "Reads a configuration (- is standard input) as the gateway would, and says whether it is\n"
    "right; if not, every mistake with its line and column. Where names are to be resolved and\n"
    "the file names no DNS server, those of this host's /etc/resolv.conf count. Needs no root.\n\n"
    "  --explain  print the effective settings, defaults included, as a configuration\n\n"
    "Exit codes: 0 right; 1 the check itself failed; 2 wrong command line or configuration.\n";

constexpr std::size_t kMaxReport = 256 * 1024;  // octets from the child that are looked at
constexpr char kRight = '+', kMistakes = '-';   // the first octet of the report
constexpr char kEndOfNotes = '\0';

// What the child does with the text, fully confined. The report: kRight, the notes and what is to
// be printed, or kMistakes and the sentences.
std::string examine(std::string_view file_name, bool explain, config::Surroundings surroundings) {
  surroundings.resolv_conf = config::read_resolv_conf_text(kLoaderResolvConfFd);
  std::string text(config::kMaxText + 1, '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t n = ::read(STDIN_FILENO, text.data() + have, text.size() - have);
    if (n < 0 && errno == EINTR) continue;
    const std::string file = config::printable(file_name, 120);
    if (n < 0) return kMistakes + file + ": can't be read: " + strerrorname_np(errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  if (have > config::kMaxText) {
    return kMistakes + config::printable(file_name, 120) +
           ": is larger than 1 MiB, the most that is read";
  }
  text.resize(have);
  const config::Outcome outcome = config::parse(text, file_name, surroundings);
  if (outcome.errors.empty()) {
    std::string report(1, kRight);
    for (const std::string& note : outcome.notes) report.append("note: ").append(note).append("\n");
    report += kEndOfNotes;
    return report + (explain ? config::describe(outcome.config)
                             : "OK: " + config::summarize(outcome.config) + "\n");
  }
  std::string report(1, kMistakes);
  for (const std::string& error : outcome.errors) report.append(error).append("\n");
  return report;
}

[[noreturn]] void be_child(int text, int report, std::string_view file_name, bool explain) {
  const config::Surroundings surroundings = config::look_around();
  const int null = ::fcntl(::open("/dev/null", O_RDWR | O_CLOEXEC), F_DUPFD, 10);
  const int kept = ::fcntl(report, F_DUPFD, 10), source = ::fcntl(text, F_DUPFD, 10);
  const int resolv_conf = ::open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (null < 0 || kept < 0 || source < 0 || dup2(source, 0) < 0 || dup2(null, 1) < 0 ||
      dup2(null, 2) < 0 || dup2(resolv_conf < 0 ? null : resolv_conf, kLoaderResolvConfFd) < 0 ||
      dup2(kept, kLoaderOutputFd) < 0 || ::close_range(kLoaderResolvConfFd + 1, ~0U, 0) != 0) {
    ::_exit(kFailed);
  }
  const RolePrivileges& loader = privileges(Role::kLoader);
  if (!set_limits(loader.limits) || !set_no_new_privileges() ||
      ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || !install_filter(loader.own)) {
    ::_exit(kFailed);
  }
  const std::string said = examine(file_name, explain, surroundings);
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

void print_lines(std::string_view text, std::FILE* stream) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::fprintf(stream, "%s\n", config::printable(text.substr(0, end), 4096).c_str());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

int show(const std::string& report, int wait_status) {
  if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != kOk || report.empty()) {
    const std::string how = WIFSIGNALED(wait_status)
                                ? "signal " + std::to_string(WTERMSIG(wait_status))
                                : "exit code " + std::to_string(WEXITSTATUS(wait_status));
    return complain("check", "the confined parser ended without an answer (" + how + ")", kFailed);
  }
  const bool right = report[0] == kRight;
  std::string_view text = std::string_view(report).substr(1);
  if (const auto end = text.find(kEndOfNotes); right && end != text.npos) {
    print_lines(text.substr(0, end), stderr);
    text.remove_prefix(end + 1);
  }
  print_lines(text, right ? stdout : stderr);
  return right ? kOk : kWrong;
}

int run(const std::vector<std::string>& words) {
  const auto arguments = Arguments::parse(words, {{"--explain", false}});
  if (!arguments) return misused("check", arguments.error().what);
  if (arguments->positional().size() != 1) {
    return misused("check", arguments->positional().empty() ? "the name of the FILE is missing"
                                                            : "only one FILE can be checked");
  }
  const std::string& name = arguments->positional()[0];
  const UniqueFd text(name == "-" ? ::dup(STDIN_FILENO)
                                  : ::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!text.valid()) return complain("check", errno_error("opening " + name).what, kWrong);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return complain("check", errno_error("pipe").what, kFailed);
  const UniqueFd report(ends[0]);
  UniqueFd child_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return complain("check", errno_error("starting the parser").what, kFailed);
  if (child == 0) {
    be_child(text.get(), child_end.get(), name == "-" ? "standard input" : name,
             arguments->has("--explain"));
  }
  child_end.reset();
  const std::string said = read_report(report.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return show(said, status);
}

}  // namespace

const Command kCheckCommand = {"check", "say whether a configuration is right", kHelp, run};

}  // namespace gatehouse::cli
