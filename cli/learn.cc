// SPDX-License-Identifier: Apache-2.0
// gatehouse learn: an allow-list from observed traffic.
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/confined.h"
#include "cli/learn_rules.h"
#include "cli/log_input.h"
#include "cli/log_options.h"
#include "cli/log_text.h"
#include "config/values.h"

namespace gatehouse::cli {
namespace {

constexpr std::string_view kHelp =
    "Usage: gatehouse learn --log FILE [OPTION]...\n"
    "Proposes a rule file that allows what an access log says was allowed, and denies the rest: "
    "by\n"
    "network of the clients, port, methods where they tell something, and host. Several hosts of\n"
    "one domain become `.example.com`. Comments have counts and when each was last seen. The log\n"
    "is one of the gateway (json or combined) or Squid's native one; - is standard input. Needs "
    "no\n"
    "root.\n\n"
    "  --log FILE       the access log\n"
    "  --group LIST     networks whose clients stand together, such as 10.1.0.0/16,fd00::/8; "
    "others\n"
    "                   are grouped by /24 and /64\n"
    "  --fold N         fold so many hosts of one registrable domain (3); 0: never\n"
    "  --at-least N     leave out what was asked for less than N times (1)\n"
    "  --listener MODE  transparent, forward or reverse: where the log does not tell the mode of\n"
    "                   the listener (default: by the form of the request)\n\n"
    "Exit codes: 0 the rules are on standard output; 1 it failed; 2 wrong command line or log.\n";

// The first octet of the report.
constexpr char kRules = '0', kWrongReport = '2';
constexpr char kEndOfNotes = '\0';

// In the confined child: notes, then the rules; or what is wrong.
std::string examine(const ConfinedInput& input, const LearnOptions& options) {
  Learner learner(options);
  logs::Reader log = read_log(input);
  while (const logs::Record* record = log.next()) learner.add(*record);
  const std::string notes = describe_gaps(log);
  if (!log.problem().empty()) return kWrongReport + notes + log.problem() + "\n";
  if (learner.records() == 0) return kWrongReport + notes + "no line of the log is a record\n";
  const auto rules = learner.rules();
  if (!rules) return kWrongReport + notes + rules.error().what + "\n";
  return kRules + notes + kEndOfNotes + *rules;
}

std::optional<std::vector<Network>> read_groups(std::string_view text) {
  std::vector<Network> groups;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    const auto network = config::parse_network(item);
    if (!network) {
      misused("learn", "--group has " + std::string(item) +
                           "; valid is networks with commas between, such as 10.1.0.0/16");
      return std::nullopt;
    }
    groups.push_back(*network);
  }
  return groups;
}

int run(const std::vector<std::string>& words) {
  const auto arguments = Arguments::parse(words, {{"--log", true},
                                                  {"--group", true},
                                                  {"--fold", true},
                                                  {"--at-least", true},
                                                  {"--listener", true}});
  if (!arguments) return misused("learn", arguments.error().what);
  if (!arguments->positional().empty()) {
    return misused("learn", "the word " + arguments->positional()[0] + " is unexpected");
  }
  if (!arguments->has("--log")) return misused("learn", "the option --log FILE is missing");
  LearnOptions options;
  std::uint64_t fold = options.fold;
  const auto groups = read_groups(arguments->value("--group", ""));
  if (!groups || !read_listener("learn", *arguments, &options.listener) ||
      !read_count("learn", *arguments, "--fold", 1000, &fold) ||
      !read_count("learn", *arguments, "--at-least", 1'000'000'000, &options.at_least)) {
    return kWrong;
  }
  options.fold = fold;
  options.groups = *groups;
  const Result<std::string> report =
      work_confined({"", arguments->value("--log", ""), std::size_t{4} << 20},
                    [&](const ConfinedInput& input) { return examine(input, options); });
  if (!report) return complain("learn", report.error().what, report.error().number);
  std::string_view text = std::string_view(*report).substr(1);
  if ((*report)[0] == kWrongReport) {
    print_lines(text, stderr);
    return kWrong;
  }
  const std::size_t end = std::min(text.find(kEndOfNotes), text.size());
  print_lines(text.substr(0, end), stderr);
  print_lines(text.substr(std::min(end + 1, text.size())), stdout);
  return kOk;
}

}  // namespace

const Command kLearnCommand = {"learn", "propose an allow-list from an access log", kHelp, run};

}  // namespace gatehouse::cli
