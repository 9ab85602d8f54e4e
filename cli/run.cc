// SPDX-License-Identifier: Apache-2.0
// gatehouse run: becomes gatehoused.
#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/command.h"

namespace gatehouse::cli {
namespace {

constexpr std::string_view kHelp =
    "Usage: gatehouse run --config FILE [OPTION]...\n"
    "Starts the gateway in the foreground. As root: it gives root up before it reads FILE.\n\n"
    "  --config FILE            the configuration (an empty file is a working one)\n"
    "  --gatehoused PATH        the daemon (default: gatehoused beside this command, else in\n"
    "                           ../libexec/gatehouse or ../libexec)\n"
    "  --libexec DIR            where gatehouse-worker, gatehouse-loader, gatehouse-logger,\n"
    "                           gatehouse-resolver and gatehouse-registrar are (default: beside\n"
    "                           gatehoused)\n"
    "  --run-dir DIR            for control.sock and clients.sock (default /run/gatehouse)\n"
    "  --log-dir DIR            for log files (default /var/log/gatehouse)\n"
    "  --state-dir DIR          what was changed at run time and still holds (default\n"
    "                           /var/lib/gatehouse)\n"
    "  --control-group GROUP    members of this group, a name or number, may use `gatehouse\n"
    "                           client`, `grant` and `bypass`, as root may (default: none)\n"
    "  --uid-base N             parent, worker, loader, logger, resolver and registrar run as\n"
    "                           N ... N+5 (default 64200)\n"
    "  --require-all            refuse to run where the kernel lacks a layer of confinement\n"
    "  --allow-destination NET  lift the compiled-in floor for an address or network, "
    "repeatable\n"
    "  --allow-endpoint ADDR:PORT  let FILE name this server or resolver although the floor "
    "forbids\n"
    "                           it (127.0.0.53:53), repeatable\n\n"
    "Signals: TERM and INT drain, a second one stops at once; HUP loads FILE again; USR1 opens\n"
    "the log files again.\n"
    "Exit codes: 0 stopped as asked; 1 failed; 2 wrong command line or configuration.\n";

std::string own_directory() {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  const std::string_view text(path, n > 0 ? static_cast<std::size_t>(n) : 0);
  const std::size_t slash = text.rfind('/');
  return std::string(slash == text.npos ? "." : text.substr(0, slash));
}

// The first of the usual places that has it; the first of all for the message if none has.
std::string find_daemon() {
  const std::string own = own_directory();
  std::string beside = own + "/gatehoused";
  for (const std::string& path :
       {beside, own + "/../libexec/gatehouse/gatehoused", own + "/../libexec/gatehoused"}) {
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return beside;
}

// gatehoused takes a number: it looks up no names as root. A name that is none it will refuse.
std::string group_number(const std::string& name) {
  const group* const found = getgrnam(name.c_str());
  return found == nullptr ? name : std::to_string(found->gr_gid);
}

int run(const std::vector<std::string>& words) {
  std::string daemon;
  bool configured = false;
  std::vector<std::string> passed = {"gatehoused"};
  // Only what is ours is taken out; gatehoused knows its own options and says what is wrong.
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--gatehoused") {
      if (i + 1 == words.size()) return misused("run", "the option --gatehoused lacks its value");
      daemon = words[++i];
      continue;
    }
    if (words[i] == "--control-group" && i + 1 < words.size()) {
      passed.push_back(words[i]);
      passed.push_back(group_number(words[++i]));
      continue;
    }
    configured = configured || words[i] == "--config" || words[i].starts_with("--config=");
    passed.push_back(words[i]);
  }
  if (!configured) return misused("run", "the option --config FILE is missing");
  if (daemon.empty()) daemon = find_daemon();
  std::vector<char*> arguments;
  arguments.reserve(passed.size() + 1);
  for (std::string& word : passed) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(daemon.c_str(), arguments.data());
  return complain("run",
                  daemon + " can't be started: " + std::strerror(errno) +
                      "; name the daemon with --gatehoused PATH",
                  kFailed);
}

}  // namespace

const Command kRunCommand = {"run", "start the gateway", kHelp, run};

}  // namespace gatehouse::cli
