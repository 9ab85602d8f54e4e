// SPDX-License-Identifier: Apache-2.0
// gatehouse client, grant, bypass: what holds until it expires, beside the rule file.
#include <cstdio>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/run_time.h"
#include "config/values.h"

namespace gatehouse::cli {
namespace {

using Entry = wire::RunTimeEntry;

#define COMMON_HELP                                                                           \
  "\nT is a time such as 90s, 15m or 24h, at most 366 days. A change holds at once, for the " \
  "next\n"                                                                                    \
  "request, and is kept over reload and restart until it expires.\n\n"                        \
  "  --json         (list) the same for programs\n"                                           \
  "  --run-dir DIR  of the instance (default /run/gatehouse)\n\n"                             \
  "Exit codes: 0 done; 1 failed or refused; 2 wrong command line.\n"

constexpr std::string_view kClientHelp =
    "Usage: gatehouse client add CLIENT --label KEY=VALUE... --ttl T\n"
    "       gatehouse client remove CLIENT\n"
    "       gatehouse client list [--json]\n"
    "Labels of a client, an address or a network, for rules with `label KEY=VALUE`. Of several\n"
    "networks that hold a client the most specific one counts, for each key. add replaces what\n"
    "there was of this very address or network; remove also resets its connections.\n" COMMON_HELP;
constexpr std::string_view kGrantHelp =
    "Usage: gatehouse grant CLIENT HOST --for T --reason TEXT\n"
    "       gatehouse grant remove CLIENT HOST\n"
    "       gatehouse grant list [--json]\n"
    "Allows a client, an address or a network, a host, a name or an address, whatever the rules\n"
    "say. In transparent mode the name must be known as the destination's, as for an allow rule.\n"
    "Client networks, intercepted ports and floor hold all the same.\n" COMMON_HELP;
constexpr std::string_view kBypassHelp =
    "Usage: gatehouse bypass CLIENT --for T [--reason TEXT]\n"
    "       gatehouse bypass remove CLIENT\n"
    "       gatehouse bypass list [--json]\n"
    "The rules don't decide about a client, an address or a network: all it asks for is allowed.\n"
    "What is malformed is still refused, and client networks, intercepted ports and floor "
    "hold.\n" COMMON_HELP;

struct Kind {
  std::string_view command;
  Entry::Kind kind;
  std::string_view lasts;  // the option for how long
  std::size_t positional;  // words that name an entry
  const char* words;       // what they are
};
constexpr Kind kClient = {"client", Entry::CLIENT, "--ttl", 1, "a CLIENT"};
constexpr Kind kGrant = {"grant", Entry::GRANT, "--for", 2, "a CLIENT and a HOST"};
constexpr Kind kBypass = {"bypass", Entry::BYPASS, "--for", 1, "a CLIENT"};

int list(const Kind& kind, RunTimeClient& client, bool json) {
  const auto entries = client.list(kind.kind);
  if (!entries) return complain(kind.command, entries.error().what, kFailed);
  if (json) {
    std::printf("%s\n", entries_json(*entries).c_str());
  } else {
    std::printf("%s", entries_table(kind.kind, *entries).c_str());
  }
  return kOk;
}

// The options of a new entry. The error is a sentence.
Status take_options(const Kind& kind, const Arguments& arguments, Entry* entry) {
  if (!arguments.has(kind.lasts)) {
    return Error{0,
                 "the option " + std::string(kind.lasts) + " T is missing: how long does it hold?"};
  }
  const std::string lasts = arguments.value(kind.lasts, "");
  const auto duration = config::parse_duration(lasts);
  if (!duration) return Error{0, lasts + " is no time; valid is one such as 90s, 15m or 24h"};
  entry->set_for_ms(*duration);
  for (const std::string& label : arguments.all("--label")) entry->add_labels(label);
  if (kind.kind == Entry::CLIENT && entry->labels().empty()) {
    return Error{0, "the option --label KEY=VALUE is missing"};
  }
  if (kind.kind == Entry::GRANT && !arguments.has("--reason")) {
    return Error{0, "the option --reason TEXT is missing: it is in the audit log"};
  }
  entry->set_reason(arguments.value("--reason", ""));
  return ok();
}

void print_done(const Kind& kind, const Entry& entry, bool removed) {
  const std::string client = client_text(entry), until = time_text(entry.until_ms());
  std::string text;
  switch (kind.kind) {
    case Entry::CLIENT:
      text = removed ? client + " is no longer known; its connections are reset"
                     : client + " has " + labels_text(entry) + " until " + until;
      break;
    case Entry::GRANT:
      text = removed ? client + " may no longer have " + entry.host() + " but by the rules"
                     : client + " may have " + entry.host() + " until " + until + " (grant-" +
                           std::to_string(entry.number()) +
                           " in the log); the floor of the gateway holds all the same";
      break;
    default:
      text = removed ? "the rules decide about " + client + " again"
                     : "the rules don't decide about " + client + " until " + until + " (bypass-" +
                           std::to_string(entry.number()) +
                           " in the log); the floor of the gateway holds all the same";
  }
  std::printf("%s\n", config::printable(text, 1000).c_str());
}

int change(const Kind& kind, RunTimeClient& client, const Entry& entry, bool remove) {
  wire::ClientsRequest request;
  *(remove ? request.mutable_remove() : request.mutable_put()) = entry;
  const auto reply = client.ask(request);
  if (!reply) return complain(kind.command, reply.error().what, kFailed);
  if (!reply->has_done()) {
    return complain(kind.command, "the registrar answers something else", kFailed);
  }
  print_done(kind, reply->done(), remove);
  return kOk;
}

int run(const Kind& kind, const std::vector<std::string>& words) {
  std::vector<Option> options = {{"--run-dir", true}, {"--json", false}, {kind.lasts, true}};
  options.push_back({kind.kind == Entry::CLIENT ? "--label" : "--reason", true});
  const auto arguments = Arguments::parse(words, options);
  if (!arguments) return misused(kind.command, arguments.error().what);
  std::vector<std::string> rest = arguments->positional();
  std::string verb = "add";
  const bool has_verb = !rest.empty() && (rest[0] == "list" || rest[0] == "remove" ||
                                          (rest[0] == "add" && kind.kind == Entry::CLIENT));
  if (has_verb) {
    verb = rest[0];
    rest.erase(rest.begin());
  } else if (kind.kind == Entry::CLIENT) {
    return misused(kind.command, "expected add, remove or list");
  }
  if (rest.size() != (verb == "list" ? 0 : kind.positional)) {
    return misused(kind.command, verb == "list" ? "the word " + rest[0] + " is unexpected"
                                                : "expected " + std::string(kind.words));
  }
  Entry entry;
  entry.set_kind(kind.kind);
  if (verb != "list") {
    if (auto status = take_client(rest[0], &entry); !status)
      return misused(kind.command, status.error().what);
    if (kind.kind == Entry::GRANT) take_host(rest[1], &entry);
  }
  if (verb == "add") {
    if (auto status = take_options(kind, *arguments, &entry); !status)
      return misused(kind.command, status.error().what);
  }
  auto client = RunTimeClient::connect(arguments->value("--run-dir", kDefaultRunDirectory));
  if (!client) return complain(kind.command, client.error().what, kFailed);
  if (verb == "list") return list(kind, *client, arguments->has("--json"));
  return change(kind, *client, entry, verb == "remove");
}

}  // namespace

const Command kClientCommand = {
    "client", "give clients labels at run time, reset them", kClientHelp,
    [](const std::vector<std::string>& words) { return run(kClient, words); }};
const Command kGrantCommand = {
    "grant", "allow a client a host for some time", kGrantHelp,
    [](const std::vector<std::string>& words) { return run(kGrant, words); }};
const Command kBypassCommand = {
    "bypass", "let no rule decide about a client for some time", kBypassHelp,
    [](const std::vector<std::string>& words) { return run(kBypass, words); }};

}  // namespace gatehouse::cli
