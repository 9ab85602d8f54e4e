// SPDX-License-Identifier: Apache-2.0
// gatehouse replay: what another policy would have changed on past traffic.
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/confined.h"
#include "cli/log_input.h"
#include "cli/log_options.h"
#include "cli/policy_file.h"
#include "cli/replay_judge.h"
#include "cli/replay_report.h"

namespace gatehouse::cli {
namespace {

constexpr std::string_view kHelp =
    "Usage: gatehouse replay POLICY --log FILE [OPTION]...\n"
    "Decides every request of an access log again, by the rules of POLICY and with what the\n"
    "workers run, and says what would have changed. POLICY is a rule file or a configuration.\n"
    "The log is one of the gateway (json or combined) or Squid's native one, line by line; - is\n"
    "standard input, so that `zcat` can be in front. Compared is whether a request was allowed\n"
    "or denied then. Where that depends on what the log does not hold, the record is counted as\n"
    "such, not guessed. Nothing is sent; needs no root.\n\n"
    "  --log FILE       the access log\n"
    "  --listener MODE  transparent, forward or reverse: where the log does not tell the mode of\n"
    "                   the listener (default: by the form of the request, as POLICY listens)\n"
    "  --show N         so many changes one by one (10)\n"
    "  --rows N         so many rules, clients and hosts (20)\n\n"
    "Exit codes: 0 nothing would change; 1 something would, or it failed; 2 wrong command line,\n"
    "policy or log.\n";

// The first octet of the report.
constexpr char kSame = '0', kChanged = '1', kWrongReport = '2';
constexpr std::size_t kMostRows = 1000;  // of a table, and changes that are shown

struct Options {
  std::optional<wire::ConfigMode> listener;
  std::uint64_t changes = 10, rows = 20;
};

// In the confined child.
std::string examine(const ConfinedInput& input, const Options& options) {
  const auto policy = load_policy(input);
  if (!policy) return kWrongReport + policy.error().what;
  Judge judge(policy->engine.get(), policy->modes, options.listener);
  ReplayReport report(options.changes, options.rows);
  logs::Reader log = read_log(input);
  while (const logs::Record* record = log.next()) {
    const Judgement judgement = judge.judge(*record);
    report.add(*record, log.line(), judgement, judge.effects());
  }
  const std::string text = report.text(log);
  if (!log.problem().empty()) return kWrongReport + text + log.problem() + "\n";
  if (report.records() == 0 && log.junk_count() > 0) {
    return kWrongReport + text + "no line of the log is a record\n";
  }
  return (report.changes() > 0 ? kChanged : kSame) + text;
}

int run(const std::vector<std::string>& words) {
  const auto arguments = Arguments::parse(
      words, {{"--log", true}, {"--listener", true}, {"--show", true}, {"--rows", true}});
  if (!arguments) return misused("replay", arguments.error().what);
  const auto& positional = arguments->positional();
  if (positional.size() != 1) {
    return misused("replay",
                   positional.empty() ? "the POLICY is missing" : "only one POLICY can be tried");
  }
  if (!arguments->has("--log")) return misused("replay", "the option --log FILE is missing");
  const std::string log = arguments->value("--log", "");
  if (log == "-" && positional[0] == "-") {
    return misused("replay", "POLICY and log can't both be standard input");
  }
  Options options;
  if (!read_listener("replay", *arguments, &options.listener) ||
      !read_count("replay", *arguments, "--show", kMostRows, &options.changes) ||
      !read_count("replay", *arguments, "--rows", kMostRows, &options.rows)) {
    return kWrong;
  }
  const Result<std::string> report =
      work_confined({positional[0], log, std::size_t{4} << 20},
                    [&](const ConfinedInput& input) { return examine(input, options); });
  if (!report) return complain("replay", report.error().what, report.error().number);
  const char outcome = (*report)[0];
  print_lines(std::string_view(*report).substr(1), outcome == kWrongReport ? stderr : stdout);
  return outcome == kWrongReport ? kWrong : outcome == kChanged ? kFailed : kOk;
}

}  // namespace

const Command kReplayCommand = {"replay", "say what another policy would have changed", kHelp, run};

}  // namespace gatehouse::cli
