// SPDX-License-Identifier: Apache-2.0
// gatehouse posture: every process of a running gateway against what is declared of it.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "base/sandbox.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/compare.h"
#include "cli/control_client.h"
#include "cli/json.h"
#include "cli/table.h"
#include "config/values.h"

namespace gatehouse::cli {
namespace {

constexpr std::string_view kHelp =
    "Usage: gatehouse posture [--json] [--run-dir DIR]\n"
    "Compares every process of a running gateway with what is declared of its role, as /proc "
    "shows\n"
    "it: users, capabilities, no_new_privs, seccomp filters, namespaces, root directory, open\n"
    "descriptors, limits. Landlock can't be read back; its column says what is declared and\n"
    "whether this kernel has it. Must be root.\n\n"
    "  --json         the same for programs\n"
    "  --run-dir DIR  of the instance (default /run/gatehouse)\n\n"
    "Exit codes: 0 all as declared; 1 a difference, each is a sentence; 2 nothing could be asked,\n"
    "or a wrong command line.\n";

constexpr int kAnswer_ms = 10'000;

struct Process {
  Role role;
  std::string slot;  // of a worker, else "-"
  ProcessFacts facts;
};

struct Posture {
  Instance instance;
  std::vector<Process> processes;        // the parent first
  std::vector<std::string> differences;  // whole sentences
  std::vector<std::string> missing_layers;
};

bool is_gone(const Error& error) { return error.number == ENOENT || error.number == ESRCH; }

constexpr std::string_view kSpawnerSuffix = "-spawner";

bool is_spawner(const RolePrivileges& role) { return role.name.ends_with(kSpawnerSuffix); }

// The role of a spawner's children: "worker" of "worker-spawner".
Role child_role(const RolePrivileges& spawner) {
  const auto name = spawner.name.substr(0, spawner.name.size() - kSpawnerSuffix.size());
  for (unsigned i = 0; i < kRoles; ++i) {
    if (privileges(static_cast<Role>(i)).name == name) return static_cast<Role>(i);
  }
  return spawner.role;
}

// By the uid, which is each spawner's own. Nothing: an unknown child, a difference.
std::optional<Role> spawner_role(const ProcessFacts& facts, std::uint32_t uid_base) {
  for (unsigned i = 0; i < kRoles; ++i) {
    const RolePrivileges& role = privileges(static_cast<Role>(i));
    if (is_spawner(role) && facts.uids[0] == uid_base + role.uid_offset) return role.role;
  }
  return std::nullopt;
}

// Others come and go: a loader runs for milliseconds.
bool must_be_there(const RolePrivileges& role) {
  return is_spawner(role) || role.role == Role::kWorker || role.role == Role::kLogger ||
         role.role == Role::kRegistrar;
}

// Reads one process into posture. A process that has ended meanwhile is none.
Status add_process(pid_t pid, Role role, std::string slot, Posture* posture) {
  auto facts = read_process(pid);
  if (!facts) return is_gone(facts.error()) ? ok() : Status(facts.error());
  posture->processes.push_back({role, std::move(slot), std::move(*facts)});
  return ok();
}

std::string slot_of(pid_t pid, const wire::StatusReply& status) {
  for (const wire::ProcessStatus& process : status.processes()) {
    if (process.pid() == pid) return std::to_string(process.slot());
  }
  return "?";
}

Status add_spawner(pid_t pid, const wire::StatusReply& status, Posture* posture) {
  auto facts = read_process(pid);
  if (!facts) return is_gone(facts.error()) ? ok() : Status(facts.error());
  const auto role = spawner_role(*facts, posture->instance.uid_base);
  if (!role) {
    posture->differences.push_back("The parent's child " + std::to_string(pid) + " (" +
                                   facts->executable + ") has uid " +
                                   std::to_string(facts->uids[0]) + ", which no spawner has.");
    return ok();
  }
  posture->processes.push_back({*role, "-", std::move(*facts)});
  const auto children = children_of(pid);
  if (!children) return children.error();
  for (const pid_t child : *children) {
    const Role its = child_role(privileges(*role));
    const std::string slot = its == Role::kWorker ? slot_of(child, status) : "-";
    if (auto done = add_process(child, its, slot, posture); !done) return done;
  }
  return ok();
}

// Every worker that the parent speaks of must be among its descendants, and the other way round.
void compare_with_status(const wire::StatusReply& status, Posture* posture) {
  for (const wire::ProcessStatus& process : status.processes()) {
    if (process.pid() == 0) continue;
    const bool found =
        std::any_of(posture->processes.begin(), posture->processes.end(),
                    [&](const Process& one) { return one.facts.pid == process.pid(); });
    if (!found) {
      posture->differences.push_back("The parent speaks of a process " +
                                     std::to_string(process.pid()) +
                                     " that is not below one of its spawners.");
    }
  }
  for (const Process& process : posture->processes) {
    if (process.slot != "?") continue;
    posture->differences.push_back("The worker with pid " + std::to_string(process.facts.pid) +
                                   " is unknown to the parent.");
  }
}

void compare_processes(Posture* posture) {
  const ProcessFacts& parent = posture->processes.front().facts;
  for (const Process& process : posture->processes) {
    const RolePrivileges& declared = privileges(process.role);
    for (const std::string& difference :
         compare(declared, process.facts, parent, posture->instance)) {
      posture->differences.push_back("The " + std::string(declared.name) + " with pid " +
                                     std::to_string(process.facts.pid) + ": " + difference + ".");
    }
  }
  for (unsigned i = 0; i < kRoles; ++i) {
    const RolePrivileges& role = privileges(static_cast<Role>(i));
    const bool there = std::any_of(posture->processes.begin(), posture->processes.end(),
                                   [&](const Process& one) { return one.role == role.role; });
    if (!there && must_be_there(role)) {
      posture->differences.push_back("There is no " + std::string(role.name) + ".");
    }
  }
}

Result<Posture> look(ControlClient& client) {
  wire::ControlRequest request;
  request.mutable_status();
  const auto reply = client.ask(request, kAnswer_ms);
  if (!reply) return reply.error();
  if (!reply->has_status()) return Error{0, "gatehoused answers something else"};
  Posture posture;
  for (const std::string& layer : reply->status().missing_layers()) {
    posture.missing_layers.push_back(config::printable(layer, 500));
  }
  if (auto done = add_process(client.parent(), Role::kParent, "-", &posture); !done) {
    return done.error();
  }
  if (posture.processes.empty()) return Error{ESRCH, "gatehoused has ended"};
  // What the parent says can only ask for more filters, not for fewer by running over.
  posture.instance.inherited_filters = std::min(reply->status().inherited_filters(), 64U);
  posture.instance.uid_base = posture.processes.front().facts.uids[0];
  const auto spawners = children_of(client.parent());
  if (!spawners) return spawners.error();
  for (const pid_t spawner : *spawners) {
    if (auto done = add_spawner(spawner, reply->status(), &posture); !done) return done.error();
  }
  compare_with_status(reply->status(), &posture);
  compare_processes(&posture);
  return posture;
}

// Processes are replaced, and a canary lives for some milliseconds: what is a difference must be
// one twice.
Result<Posture> look_twice(const std::string& run_directory) {
  for (int attempt = 0;; ++attempt) {
    auto client = ControlClient::connect(run_directory);
    if (!client) return client.error();
    auto posture = look(*client);
    if (!posture || posture->differences.empty() || attempt == 2) return posture;
    ::usleep(250'000);
  }
}

std::string capabilities_text(std::uint64_t capabilities) {
  if (capabilities == 0) return "none";
  if (capabilities == std::uint64_t{1} << 12) return "net_admin";
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(capabilities));
  return text;
}

std::string seccomp_text(const ProcessFacts& facts) {
  return facts.seccomp == 2 ? "filter x" + std::to_string(facts.seccomp_filters)
                            : "mode " + std::to_string(facts.seccomp);
}

std::string namespaces_text(const ProcessFacts& facts, const ProcessFacts& parent) {
  std::string text;
  for (const std::string& name : own_namespaces(facts, parent)) {
    text.append(text.empty() ? "" : ",").append(name);
  }
  return text.empty() ? "none" : text;
}

std::string root_text(const ProcessFacts& facts) {
  if (!facts.root_is_empty) return "host";
  return facts.root_is_read_only ? "empty,ro" : "empty";
}

std::string landlock_text() {
  const int abi = landlock_abi();
  return abi == 0 ? "not in this kernel" : "declared (ABI " + std::to_string(abi) + ")";
}

void print_text(const Posture& posture) {
  Table table({"ROLE", "SLOT", "PID", "UID", "CAPS", "NNP", "SECCOMP", "OWN NAMESPACES", "ROOT",
               "FDS", "LANDLOCK"});
  const ProcessFacts& parent = posture.processes.front().facts;
  for (const auto& [role, slot, facts] : posture.processes) {
    table.add({std::string(privileges(role).name), slot, std::to_string(facts.pid),
               std::to_string(facts.uids[0]), capabilities_text(facts.cap_effective),
               facts.no_new_privileges == 1 ? "yes" : "no", seccomp_text(facts),
               namespaces_text(facts, parent), root_text(facts), std::to_string(facts.fds.size()),
               landlock_text()});
  }
  std::printf("%s", table.str().c_str());
  for (const std::string& layer : posture.missing_layers) {
    std::printf("Missing layer: %s.\n", layer.c_str());
  }
  for (const std::string& difference : posture.differences) {
    std::printf("DIFFERENCE: %s\n", config::printable(difference, 1000).c_str());
  }
  if (posture.differences.empty()) {
    std::printf("All %zu processes are as declared.\n", posture.processes.size());
  }
}

std::string process_json(const Process& process, const ProcessFacts& parent) {
  const ProcessFacts& facts = process.facts;
  std::vector<std::string> own, fds;
  for (const std::string& name : own_namespaces(facts, parent)) own.push_back(json_string(name));
  for (const auto& [fd, link] : facts.fds) {
    fds.push_back(JsonObject().number("fd", fd).text("is", link).str());
  }
  JsonObject object;
  object.text("role", privileges(process.role).name);
  if (process.role == Role::kWorker) object.text("slot", process.slot);
  return object.number("pid", facts.pid)
      .number("uid", facts.uids[0])
      .number("gid", facts.gids[0])
      .text("capabilities", capabilities_text(facts.cap_effective))
      .flag("no_new_privs", facts.no_new_privileges == 1)
      .number("seccomp", facts.seccomp)
      .number("seccomp_filters", facts.seccomp_filters)
      .number("threads", facts.threads)
      .flag("dumpable", facts.dumpable)
      .raw("own_namespaces", json_array(own))
      .text("root", root_text(facts))
      .raw("fds", json_array(fds))
      .str();
}

void print_json(const Posture& posture) {
  std::vector<std::string> processes, differences, missing;
  for (const Process& process : posture.processes) {
    processes.push_back(process_json(process, posture.processes.front().facts));
  }
  for (const std::string& one : posture.differences) differences.push_back(json_string(one));
  for (const std::string& one : posture.missing_layers) missing.push_back(json_string(one));
  std::printf("%s\n", JsonObject()
                          .raw("processes", json_array(processes))
                          .raw("differences", json_array(differences))
                          .raw("missing_layers", json_array(missing))
                          .number("landlock_abi", landlock_abi())
                          .str()
                          .c_str());
}

int run(const std::vector<std::string>& words) {
  const auto arguments = Arguments::parse(words, {{"--json", false}, {"--run-dir", true}});
  if (!arguments) return misused("posture", arguments.error().what);
  if (!arguments->positional().empty()) {
    return misused("posture", "the word " + arguments->positional()[0] + " is unexpected");
  }
  const auto posture = look_twice(arguments->value("--run-dir", kDefaultRunDirectory));
  if (!posture) {
    const std::string more = posture.error().number == EACCES || posture.error().number == EPERM
                                 ? " (it takes root, with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH)"
                                 : "";
    return complain("posture", posture.error().what + more, kWrong);
  }
  if (arguments->has("--json")) {
    print_json(*posture);
  } else {
    print_text(*posture);
  }
  return posture->differences.empty() ? kOk : kFailed;
}

}  // namespace

const Command kPostureCommand = {"posture", "compare every process with its declaration", kHelp,
                                 run};

}  // namespace gatehouse::cli
