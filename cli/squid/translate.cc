// SPDX-License-Identifier: Apache-2.0
#include "cli/squid/translate.h"

#include <algorithm>
#include <array>

#include "cli/squid/acl.h"
#include "cli/squid/conditions.h"
#include "config/values.h"

namespace gatehouse::squid {
namespace {

// Other directives that may refuse what http_access allows, or make another request of it.
constexpr std::array<std::string_view, 11> kOthers = {
    "http_access2",        "adapted_http_access", "http_reply_access",   "miss_access",
    "url_rewrite_program", "redirect_program",    "reply_body_max_size", "request_body_max_size",
    "icap_service",        "adaptation_access",   "delay_access"};

constexpr char kHead[] =
    "# Access rules of NAME, translated by `gatehouse import squid`.\n"
    "#\n"
    "# They are for forward listeners, which do what Squid's http_port does. They allow nothing "
    "that\n"
    "# Squid's http_access lines do not: an allow line that can't be said exactly is left out, a "
    "deny\n"
    "# line loses the conditions that can't be said and denies more. Each such line is marked with "
    "!.\n"
    "# Three things differ in any case: a dstdomain is the name as it is written (Squid also looks "
    "up\n"
    "# the name of an address in a URL); names that resolve to private addresses are refused by "
    "the\n"
    "# gateway itself, unless [forward] allow_private names those; there are no cache manager "
    "pages.\n\n"
    "deny not-forward listener not forward\n";

std::string shown(std::string_view text) { return config::printable(text, 200); }

class Translator {
 public:
  Translator(const Sources& sources, const std::string& zone) : acls_(sources, zone) {}

  Translation run(const std::string& name, std::string_view text, const Sources& sources);

 private:
  void line(const Directive& directive);
  void access(const Directive& directive, bool deny);
  void add_conditions(const Directive& directive, Conditions* conditions,
                      std::vector<std::string>* missing);
  void problem(const Place& place, const std::string& why, bool in_rules = true);
  void write(const Directive& directive, bool deny, const Conditions& conditions);
  void stop(const Place& place, const std::string& why);

  Acls acls_;
  SetWriter sets_;
  Translation result_;
  std::optional<bool> default_allows_;  // a line that decides about everything has been
  bool forced_ = false;                 // ... because it could not be said what it decides about
  bool last_denies_ = false;
};

void Translator::problem(const Place& place, const std::string& why, bool in_rules) {
  const std::string text = to_string(place) + ": " + shown(why);
  result_.problems.push_back(text);
  if (in_rules) result_.rules += "# ! " + text + "\n";
}

// What stands behind can allow nothing.
void Translator::stop(const Place& place, const std::string& why) {
  problem(place, why + "; it may deny anything, so that from here on everything is denied");
  default_allows_ = false;
  forced_ = true;
}

void Translator::add_conditions(const Directive& directive, Conditions* conditions,
                                std::vector<std::string>* missing) {
  for (std::size_t i = 2; i < directive.words.size(); ++i) {
    const bool negated = directive.words[i].starts_with('!');
    const std::string name = directive.words[i].substr(negated ? 1 : 0);
    const Meaning* const meaning = acls_.find(name);
    const auto why = meaning == nullptr ? std::optional<std::string>("there is no acl of this name")
                                        : conditions->add(name, *meaning, negated);
    if (why) missing->push_back("acl " + name + ": " + *why);
  }
}

void Translator::access(const Directive& directive, bool deny) {
  Conditions conditions;
  std::vector<std::string> missing;
  add_conditions(directive, &conditions, &missing);
  if (!directive.certain) missing.emplace_back("the line depends on a condition (if)");
  result_.rules += "\n# " + to_string(directive.place) + ": " + shown(directive.text) + "\n";
  for (const std::string& why : missing) {
    problem(directive.place, why + (deny ? "; left out of the line, which so denies more"
                                         : "; the line is left out"));
  }
  if (!missing.empty() && !deny) return;
  if (conditions.never()) {
    result_.rules += "# No request matches it.\n";
  } else if (!conditions.empty()) {
    write(directive, deny, conditions);
  } else {
    if (!missing.empty()) {
      problem(directive.place, "no condition is left: everything is denied from here on");
      forced_ = true;
    }
    default_allows_ = !deny;
  }
}

void Translator::write(const Directive& directive, bool deny, const Conditions& conditions) {
  const std::string& file = directive.place.file;
  std::string name = file.substr(file.rfind('/') + 1) + "-" + std::to_string(directive.place.line);
  for (char& c : name) {
    const bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                        (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
    if (!letter) c = '_';
  }
  if (name.size() > 56) name = name.substr(name.size() - 56);
  std::string sets;
  const auto rules = conditions.rules(&sets_, &sets);
  result_.rules += sets;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    result_.rules += std::string(deny ? "deny " : "allow ") + name +
                     (i == 0 ? "" : "-" + std::to_string(i + 1)) + rules[i] + "\n";
  }
}

void Translator::line(const Directive& directive) {
  const std::string& word = directive.words[0];
  const bool other = std::find(kOthers.begin(), kOthers.end(), word) != kOthers.end();
  if (other) {
    return problem(directive.place,
                   word + " is not translated; it can refuse or change what http_access allows",
                   false);
  }
  if (default_allows_) {
    if (forced_ && word == "http_access") {
      problem(directive.place, "the line is left out, as everything is denied before it", false);
    }
    return;
  }
  if (word == "include") return stop(directive.place, "what is included here is missing");
  if (word != "http_access" || directive.words.size() < 3) return;  // Squid skips it without acls
  const std::string& action = directive.words[1];
  if (action != "allow" && action != "deny") {
    return stop(directive.place, "the line neither allows nor denies");
  }
  last_denies_ = action == "deny";
  access(directive, last_denies_);
}

Translation Translator::run(const std::string& name, std::string_view text,
                            const Sources& sources) {
  const Lines lines = read_lines(name, text, sources);
  std::string head = kHead;
  head.replace(head.find("NAME"), 4, shown(name));
  result_.rules = head;
  for (const Problem& one : lines.problems) problem(one.place, one.why, false);
  for (const Directive& directive : lines.directives) {
    if (directive.words[0] == "acl") acls_.define(directive);
  }
  for (const Directive& directive : lines.directives) line(directive);
  // Squid does the opposite of the last line where none matches, and denies where there is none.
  if (!default_allows_) {
    result_.rules += "\n# None of them matches: the opposite of the last one, as Squid has it.\n";
  } else {
    result_.rules += "\n";
  }
  result_.rules += default_allows_.value_or(last_denies_) ? "allow default\n" : "deny default\n";
  return std::move(result_);
}

}  // namespace

Translation translate(const std::string& name, std::string_view text, const Sources& sources,
                      const std::string& zone) {
  return Translator(sources, zone).run(name, text, sources);
}

}  // namespace gatehouse::squid
