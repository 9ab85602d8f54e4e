// SPDX-License-Identifier: Apache-2.0
// gatehouse status, reload, reopen, stop: one question over the control socket each.
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>

#include "base/privileges.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/control_client.h"
#include "cli/json.h"
#include "cli/table.h"
#include "config/values.h"

namespace gatehouse::cli {
namespace {

constexpr int kAnswer_ms = 10'000;
constexpr int kReload_ms = 60'000;  // the loader runs, and new workers are proved

#define RUN_DIR_HELP "  --run-dir DIR  of the instance (default /run/gatehouse)\n"
#define EXIT_HELP "\nExit codes: 0 done; 1 failed or nobody answers; 2 wrong command line.\n"

constexpr std::string_view kReloadHelp =
    "Usage: gatehouse reload [--run-dir DIR]\n"
    "Loads the configuration again. A wrong one changes nothing: its mistakes are printed, and "
    "the\n"
    "old one stays in force. Connections are kept.\n\n" RUN_DIR_HELP EXIT_HELP;
constexpr std::string_view kReopenHelp =
    "Usage: gatehouse reopen [--run-dir DIR]\n"
    "Opens the log files again, after they were renamed (log rotation).\n\n" RUN_DIR_HELP EXIT_HELP;
constexpr std::string_view kStopHelp =
    "Usage: gatehouse stop [--wait] [--run-dir DIR]\n"
    "Ends the gateway: no new connections, exchanges under way finish, at most for the time of\n"
    "timeouts.drain.\n\n"
    "  --wait         return when the gateway has ended\n" RUN_DIR_HELP EXIT_HELP;
constexpr std::string_view kStatusHelp =
    "Usage: gatehouse status [--json] [--run-dir DIR]\n"
    "Shows the workers of a running gateway, each with the mode that it serves, and counters.\n\n"
    "  --json         the same for programs\n" RUN_DIR_HELP EXIT_HELP;

// The words parsed and the connection made, or the exit code.
struct Asked {
  std::optional<Arguments> arguments;
  std::optional<ControlClient> client;
  int code = kOk;
};

Asked connect(std::string_view command, const std::vector<std::string>& words,
              std::vector<Option> options) {
  Asked asked;
  options.push_back({"--run-dir", true});
  auto arguments = Arguments::parse(words, options);
  if (!arguments) {
    asked.code = misused(command, arguments.error().what);
    return asked;
  }
  if (!arguments->positional().empty()) {
    asked.code = misused(command, "the word " + arguments->positional()[0] + " is unexpected");
    return asked;
  }
  auto client = ControlClient::connect(arguments->value("--run-dir", kDefaultRunDirectory));
  if (!client) {
    asked.code = complain(command, client.error().what, kFailed);
    return asked;
  }
  asked.arguments = std::move(*arguments);
  asked.client = std::move(*client);
  return asked;
}

// Asks and prints what is done.
int ask_and_print(std::string_view command, ControlClient& client,
                  const wire::ControlRequest& request, int timeout_ms) {
  const auto reply = client.ask(request, timeout_ms);
  if (!reply) return complain(command, reply.error().what, kFailed);
  if (!reply->has_done()) return complain(command, "gatehoused answers something else", kFailed);
  std::printf("%s\n", config::printable(reply->done().text(), 1000).c_str());
  return kOk;
}

int reload(const std::vector<std::string>& words) {
  Asked asked = connect("reload", words, {});
  if (!asked.client) return asked.code;
  wire::ControlRequest request;
  request.mutable_reload();
  return ask_and_print("reload", *asked.client, request, kReload_ms);
}

int reopen(const std::vector<std::string>& words) {
  Asked asked = connect("reopen", words, {});
  if (!asked.client) return asked.code;
  wire::ControlRequest request;
  request.mutable_reopen();
  return ask_and_print("reopen", *asked.client, request, kAnswer_ms);
}

int stop(const std::vector<std::string>& words) {
  Asked asked = connect("stop", words, {{"--wait", false}});
  if (!asked.client) return asked.code;
  const bool wait = asked.arguments->has("--wait");
  // Before it is asked: afterwards its pid may be somebody else's.
  const UniqueFd process(
      wait ? static_cast<int>(::syscall(SYS_pidfd_open, asked.client->parent(), 0)) : -1);
  if (wait && !process.valid()) {
    return complain("stop", errno_error("watching gatehoused").what, kFailed);
  }
  wire::ControlRequest request;
  request.mutable_stop();
  const int code = ask_and_print("stop", *asked.client, request, kAnswer_ms);
  if (code != kOk || !wait) return code;
  pollfd ended{process.get(), POLLIN, 0};
  while (::poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
  return kOk;
}

std::string role_name(unsigned number) {
  const auto role = role_from_number(number);
  return role ? std::string(privileges(*role).name) : "unknown";
}

std::string status_json(const wire::StatusReply& status) {
  std::vector<std::string> processes, missing;
  for (const wire::ProcessStatus& process : status.processes()) {
    JsonObject object;
    object.text("role", role_name(process.role())).number("slot", process.slot());
    if (!process.mode().empty()) object.text("mode", process.mode());
    processes.push_back(object.number("pid", process.pid())
                            .text("phase", process.phase())
                            .number("listeners", process.listeners())
                            .str());
  }
  for (const std::string& layer : status.missing_layers()) missing.push_back(json_string(layer));
  return JsonObject()
      .raw("processes", json_array(processes))
      .number("connects", static_cast<long long>(status.connects()))
      .number("refusals", static_cast<long long>(status.refusals()))
      .number("violations", static_cast<long long>(status.violations()))
      .number("restarts", static_cast<long long>(status.restarts()))
      .raw("missing_layers", json_array(missing))
      .str();
}

void print_status(const wire::StatusReply& status) {
  Table table({"ROLE", "SLOT", "MODE", "PID", "PHASE", "LISTENERS"});
  for (const wire::ProcessStatus& process : status.processes()) {
    table.add({role_name(process.role()), std::to_string(process.slot()),
               process.mode().empty() ? "-" : config::printable(process.mode(), 40),
               std::to_string(process.pid()), config::printable(process.phase(), 40),
               std::to_string(process.listeners())});
  }
  std::printf("%s\n", table.str().c_str());
  std::printf("upstream connections: %llu, refusals: %llu, violations: %llu, restarts: %llu\n",
              static_cast<unsigned long long>(status.connects()),
              static_cast<unsigned long long>(status.refusals()),
              static_cast<unsigned long long>(status.violations()),
              static_cast<unsigned long long>(status.restarts()));
  for (const std::string& layer : status.missing_layers()) {
    std::printf("missing layer: %s\n", config::printable(layer, 500).c_str());
  }
}

int status(const std::vector<std::string>& words) {
  Asked asked = connect("status", words, {{"--json", false}});
  if (!asked.client) return asked.code;
  wire::ControlRequest request;
  request.mutable_status();
  const auto reply = asked.client->ask(request, kAnswer_ms);
  if (!reply) return complain("status", reply.error().what, kFailed);
  if (!reply->has_status()) return complain("status", "gatehoused answers something else", kFailed);
  if (asked.arguments->has("--json")) {
    std::printf("%s\n", status_json(reply->status()).c_str());
  } else {
    print_status(reply->status());
  }
  return kOk;
}

}  // namespace

const Command kReloadCommand = {"reload", "load the configuration again", kReloadHelp, reload};
const Command kReopenCommand = {"reopen", "open the log files again", kReopenHelp, reopen};
const Command kStopCommand = {"stop", "drain and end the gateway", kStopHelp, stop};
const Command kStatusCommand = {"status", "show workers and counters", kStatusHelp, status};

}  // namespace gatehouse::cli
