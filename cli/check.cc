// SPDX-License-Identifier: Apache-2.0
// gatehouse check: is a configuration right, and what does it mean?
#include <cstdio>
#include <string>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/confined.h"
#include "cli/policy_file.h"
#include "config/config.h"

namespace gatehouse::cli {
namespace {

constexpr std::string_view kHelp =
    "Usage: gatehouse check FILE [--explain]\n"
    "Reads a configuration (- is standard input) as the gateway would, with its rule files and\n"
    "lists, and says whether it is right; if not, every mistake with its line and column. The\n"
    "expect lines of rule files are run; one that fails is a mistake. Warnings name rules that "
    "are\n"
    "hardly meant. FILE may also be a rule file alone. Where names are to be resolved and the file "
    "names no DNS server, those of this\n"
    "host's /etc/resolv.conf count. Needs no root.\n\n"
    "  --explain  print the effective settings, defaults included, as a configuration\n\n"
    "Exit codes: 0 right; 1 the check itself failed; 2 wrong command line or configuration.\n";

constexpr char kRight = '+', kMistakes = '-';  // the first octet of the report
constexpr char kEndOfNotes = '\0';

std::string policy_summary(const config::Outcome& outcome) {
  if (outcome.rules == 0) return {};
  return "policy of " + std::to_string(outcome.rules) +
         (outcome.rules == 1 ? " rule, " : " rules, ") + std::to_string(outcome.expects) +
         (outcome.expects == 1 ? " expect line holds" : " expect lines hold");
}

// The report: kRight, notes and warnings, and what is to be printed; or kMistakes and sentences.
std::string examine(const ConfinedInput& input, bool explain) {
  const config::Outcome outcome = read_configuration(input);
  std::string remarks;
  for (const std::string& note : outcome.notes) remarks.append("note: ").append(note).append("\n");
  for (const std::string& warning : outcome.warnings) {
    remarks.append("warning: ").append(warning).append("\n");
  }
  if (outcome.errors.empty()) {
    std::string said;
    if (is_rule_file(input.text)) {
      said = "OK: " + policy_summary(outcome) + "\n";
    } else if (explain) {
      said = config::describe(outcome.config);
    } else {
      const std::string policy = policy_summary(outcome);
      said =
          "OK: " + config::summarize(outcome.config) + (policy.empty() ? "" : ", ") + policy + "\n";
    }
    return kRight + remarks + kEndOfNotes + said;
  }
  std::string report(1, kMistakes);
  for (const std::string& error : outcome.errors) report.append(error).append("\n");
  return report;
}

int show(const std::string& report) {
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
  const bool explain = arguments->has("--explain");
  const Result<std::string> report =
      work_confined({arguments->positional()[0]},
                    [explain](const ConfinedInput& input) { return examine(input, explain); });
  if (report) return show(*report);
  if (report.error().number != kWrong || report.error().what.starts_with("opening ")) {
    return complain("check", report.error().what, report.error().number);
  }
  print_lines(report.error().what, stderr);
  return kWrong;
}

}  // namespace

const Command kCheckCommand = {"check", "say whether a configuration is right", kHelp, run};

}  // namespace gatehouse::cli
