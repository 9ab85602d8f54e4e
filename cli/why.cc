// SPDX-License-Identifier: Apache-2.0
// gatehouse why: which rule decides about a request, and why the rules before it do not.
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/confined.h"
#include "cli/policy_file.h"
#include "config/config.h"
#include "config/policy.h"
#include "policy/engine.h"
#include "policy/language/question.h"

namespace gatehouse::cli {
namespace {

constexpr std::string_view kHelp =
    "Usage: gatehouse why --client IP [OPTION]... METHOD URL\n"
    "Prints the way of a request through the rules of the policy, to the decision. The rules are\n"
    "read from the configuration file, and decided by what the workers run; nothing is sent. Of "
    "an\n"
    "https URL a forward listener sees CONNECT, a transparent one neither method nor name.\n\n"
    "  --config FILE        the configuration, or a rule file (/etc/gatehouse/gatehouse.toml)\n"
    "  --client IP          who asks\n"
    "  --dst IP[:PORT]      where the client's connection goes (transparent mode)\n"
    "  --listener MODE      transparent, forward, reverse or a port that is listened on\n"
    "  --header \"NAME: V\"   a header field of the request\n"
    "  --label KEY=VALUE    a label that the client has at run time, repeatable\n"
    "  --time TIME          such as 2026-11-24T10:00:00+01:00 (now)\n"
    "  --unverified         the destination is not known to be the name's\n"
    "  --status N, --type TYPE, --size SIZE\n"
    "                       a response, for rules about it\n\n"
    "Exit codes: 0 allowed; 1 denied, or it failed; 2 wrong command line or configuration.\n";

constexpr std::string_view kUsualConfig = "/etc/gatehouse/gatehouse.toml";
// The first octet of the report.
constexpr char kAllowed = '+', kDenied = '!', kWrongReport = '-';

std::string place_of(const policy::Rule& rule) {
  return rule.source->file() + ":" + std::to_string(rule.source->line());
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string describe_step(const policy::Trace::Step& step) {
  const policy::Rule& rule = *step.rule;
  const std::string head =
      padded(place_of(rule), 18) + " " +
      padded(std::string(policy::verb_name(rule.verb())) + " " + rule.name(), 24) + " ";
  if (step.failed != nullptr) {
    return head + (step.failed->negated ? "no: not " : "no: ") +
           std::string(policy::term_name(step.failed->kind)) + "\n";
  }
  if (rule.asks_response()) return head + "matches, asks about the response\n";
  if (rule.verb() == wire::POLICY_LIMIT) {
    return head + "matches, goes on: " + rule.source->limit().text() + "\n";
  }
  return head + (rule.decides() ? "decides" : "matches, goes on") + "\n";
}

// In the confined child.
std::string explain(const ConfinedInput& input, const std::vector<policy::Word>& words,
                    std::int64_t now) {
  const config::Outcome outcome = read_configuration(input);
  std::string report(1, kWrongReport);
  for (const std::string& error : outcome.errors) report.append(error).append("\n");
  if (!outcome.errors.empty()) return report;
  if (outcome.config.policy().empty()) {
    return kAllowed + std::string(
                          "allow: there is no policy ([gateway] policy), so every "
                          "acceptable request may pass\n");
  }
  policy::Question question;
  if (const auto mistake = question.read(words, config::modes_of(outcome.config))) {
    return report + "gatehouse why: " + mistake->what + "; see `gatehouse why --help`\n";
  }
  const auto engine =
      policy::Engine::make(outcome.config.policy(), lists::ListsView::open(outcome.lists));
  if (!engine) return report + engine.error().what + "\n";
  policy::Decision decision;
  policy::Trace trace;
  question.decide(engine->get(), now, &decision, &trace);
  report = decision.rule->verb() == wire::POLICY_ALLOW ? kAllowed : kDenied;
  for (const policy::Trace::Step& step : trace.steps) report += describe_step(step);
  report += std::string(policy::verb_name(decision.rule->verb())) + " " + decision.rule->name();
  const std::string& upstream = decision.rule->source->upstream();
  if (!upstream.empty() && question.request(now).mode == wire::REVERSE) {
    report += " upstream " + upstream;
  }
  return report + "\n";
}

// As an expect line has them.
std::vector<policy::Word> question_words(const Arguments& arguments) {
  std::vector<policy::Word> words;
  const auto add = [&](const std::string& text) {
    words.push_back({policy::Word::Kind::kPlain, text, {}});
  };
  add(arguments.value("--client", ""));
  for (const std::string& word : arguments.positional()) add(word);
  constexpr std::pair<std::string_view, const char*> kOptions[] = {
      {"--dst", "to"},        {"--listener", "listener"}, {"--header", "with"}, {"--time", "at"},
      {"--status", "status"}, {"--type", "type"},         {"--size", "size"}};
  for (const auto& [option, word] : kOptions) {
    if (!arguments.has(option)) continue;
    add(word);
    add(arguments.value(option, ""));
  }
  for (const std::string& label : arguments.all("--label")) {
    add("label");
    add(label);
  }
  if (arguments.has("--unverified")) add("unverified");
  return words;
}

int run(const std::vector<std::string>& words) {
  const auto arguments = Arguments::parse(words, {{"--config", true},
                                                  {"--client", true},
                                                  {"--dst", true},
                                                  {"--listener", true},
                                                  {"--header", true},
                                                  {"--label", true},
                                                  {"--time", true},
                                                  {"--status", true},
                                                  {"--type", true},
                                                  {"--size", true},
                                                  {"--unverified", false}});
  if (!arguments) return misused("why", arguments.error().what);
  if (!arguments->has("--client")) return misused("why", "the option --client is missing");
  if (arguments->positional().size() != 2) return misused("why", "expected a METHOD and a URL");
  const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  const std::vector<policy::Word> question = question_words(*arguments);
  const Result<std::string> report =
      work_confined({arguments->value("--config", std::string(kUsualConfig))},
                    [&](const ConfinedInput& input) { return explain(input, question, now); });
  if (!report) return complain("why", report.error().what, report.error().number);
  const bool wrong = (*report)[0] == kWrongReport;
  print_lines(std::string_view(*report).substr(1), wrong ? stderr : stdout);
  return wrong ? kWrong : (*report)[0] == kAllowed ? kOk : kFailed;
}

}  // namespace

const Command kWhyCommand = {"why", "say which rule decides about a request", kHelp, run};

}  // namespace gatehouse::cli
