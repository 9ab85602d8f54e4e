// SPDX-License-Identifier: Apache-2.0
#include "policy/language/compile.h"

#include <algorithm>
#include <map>
#include <set>

#include "config/values.h"
#include "policy/clients/key.h"
#include "policy/engine.h"
#include "policy/language/limit.h"
#include "policy/language/parse.h"
#include "policy/language/sets.h"
#include "policy/language/terms.h"
#include "policy/language/warnings.h"

namespace gatehouse::policy {
namespace {

constexpr std::size_t kMaxRuleName = 64, kMaxReason = 200, kMaxUrl = 1000, kMaxFieldValue = 1000;
constexpr std::size_t kMaxRules = 10'000;
constexpr std::string_view kDefault = "default";
constexpr std::string_view kDenyForms[] = {"page", "json", "empty", "redirect", "reset"};

// Fields that say how a message is framed or routed; they are the gateway's.
constexpr std::string_view kOwnFields[] = {"connection",
                                           "content-length",
                                           "host",
                                           "keep-alive",
                                           "proxy-authenticate",
                                           "proxy-authorization",
                                           "proxy-connection",
                                           "te",
                                           "trailer",
                                           "transfer-encoding",
                                           "upgrade",
                                           "via",
                                           "expect",
                                           "max-forwards"};

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

class Compiler {
 public:
  Compiler(Files* files, const Modes& modes)
      : files_(files),
        modes_(modes),
        sets_(files, &errors_, &warnings_),
        terms_(files, &sets_, &errors_, &outcome_.policy) {}

  Outcome run(const std::string& path, const ListWork& work);

 private:
  void lists(const ListWork& work);
  void rule(const WrittenRule& written);
  bool name(const WrittenRule& written);
  void terms(const WrittenRule& written, wire::PolicyRule* rule);
  void verification(const WrittenRule& written, wire::PolicyRule* rule);
  void answer(const WrittenRule& written, wire::PolicyRule* rule);
  void upstream(const Word& name, wire::PolicyRule* rule);
  void deny_answer(const std::vector<Word>& words, wire::PolicyAnswer* answer);
  void edit(const std::vector<Word>& words, wire::PolicyEdit* edit);
  void check_default();
  void expect(const WrittenExpect& written);
  std::string place_text(const Place& place) const;

  Files* files_;
  Modes modes_;
  Findings errors_, warnings_;
  Outcome outcome_;
  Sets sets_;
  Terms terms_;
  Document document_;
  std::map<std::string, Place, std::less<>> names_;
  std::vector<Place> places_;  // of the rules
  Place end_;                  // of the last rule or the file
};

Outcome Compiler::run(const std::string& path, const ListWork& work) {
  document_ = parse(path, files_, &errors_);
  outcome_.policy.set_version(kPolicyVersion);
  for (const Definition& definition : document_.definitions) {
    if (definition.set) sets_.define(*definition.set);
    if (definition.list) sets_.define(*definition.list);
    if (definition.rule) rule(*definition.rule);
  }
  if (errors_.empty()) check_default();
  // An expect line that names a rule with a mistake is not one more mistake.
  if (errors_.empty()) {
    for (const WrittenExpect& written : document_.expects) expect(written);
  }
  if (errors_.empty()) {
    sets_.warn_of_unused();
    warn_of_rules(outcome_.policy, places_, modes_, &warnings_);
  }
  outcome_.errors = errors_.sentences(document_.files);
  outcome_.warnings = warnings_.sentences(document_.files);
  if (outcome_.errors.empty()) lists(work);
  if (!outcome_.errors.empty()) {
    outcome_.policy.Clear();
    outcome_.expects.clear();
  }
  return std::move(outcome_);
}

// What is wrong with lines of lists is a warning: others write them.
void Compiler::lists(const ListWork& work) {
  std::vector<lists::ListFile> files = sets_.used_lists();
  if (files.empty()) return;
  for (const lists::ListFile& file : files) outcome_.list_forms.push_back(*file.form);
  auto compiled = lists::compile_lists(std::move(files), {work.key}, work.on_progress);
  if (!compiled) return outcome_.errors.push_back(compiled.error().what);
  outcome_.lists = std::move(compiled->blob);
  for (lists::FileReport& report : compiled->files) {
    if (report.samples.empty()) continue;
    outcome_.warnings.push_back(report.summary());
    std::move(report.samples.begin(), report.samples.end(), std::back_inserter(outcome_.warnings));
  }
}

void Compiler::rule(const WrittenRule& written) {
  end_ = written.name.place;
  if (!name(written)) return;
  if (places_.size() == kMaxRules) {
    return errors_.add(written.name.place, "there are more than 10000 rules");
  }
  places_.push_back(written.name.place);
  wire::PolicyRule* rule = outcome_.policy.add_rules();
  rule->set_name(written.name.text);
  rule->set_verb(written.verb);
  rule->set_file(config::printable(document_.files[written.name.place.file], 200));
  rule->set_line(written.name.place.line);
  terms(written, rule);
  verification(written, rule);
  answer(written, rule);
}

bool Compiler::name(const WrittenRule& written) {
  const Word& name = written.name;
  if (name.text.size() > kMaxRuleName) {
    errors_.add(name.place, in_quotes(name.text) + " is longer than 64 letters");
    return false;
  }
  if (name.text == clients::kGrantRule || name.text == clients::kBypassRule) {
    errors_.add(name.place, in_quotes(name.text) +
                                " is what the log has for a decision at run time; choose another "
                                "name");
    return false;
  }
  const auto [found, added] = names_.try_emplace(name.text, name.place);
  if (!added) {
    errors_.add(name.place, "there is a rule " + in_quotes(name.text) + " already, at " +
                                place_text(found->second));
    return false;
  }
  if (name.text != kDefault) return true;
  if (!written.terms.empty()) {
    errors_.add(
        written.terms[0].place,
        "the rule default has no conditions: it decides what no rule before it has decided");
  } else if (written.verb > wire::POLICY_DENY) {
    errors_.add(name.place, "the rule default must allow or deny");
  }
  return true;
}

void Compiler::terms(const WrittenRule& written, wire::PolicyRule* rule) {
  std::set<Keyword> seen;
  for (const WrittenTerm& term : written.terms) {
    const bool repeats = !seen.insert(term.keyword).second && term.keyword != Keyword::kHeader;
    if (repeats) {
      errors_.add(term.place,
                  std::string(keyword_text(term.keyword)) +
                      " is there twice; write its values behind one another, with commas");
    } else if (term.keyword != Keyword::kUnverified) {
      terms_.compile(term, rule->add_terms());
    }
    if (term.keyword < Keyword::kStatus || written.verb == wire::POLICY_DENY ||
        written.verb == wire::POLICY_AUDIT || written.verb == wire::POLICY_TAG ||
        written.verb == wire::POLICY_HEADER) {
      continue;
    }
    errors_.add(term.place, std::string(keyword_text(term.keyword)) +
                                " is a condition about the response, which deny, audit, tag and "
                                "header rules may have: " +
                                std::string(verb_name(written.verb)) +
                                " is decided before there is one");
  }
  if (written.terms.empty() && written.name.text != kDefault && rule->verb() <= wire::POLICY_DENY) {
    errors_.add(
        written.name.place,
        "the rule has no conditions and decides about everything; name it default if that is "
        "meant, and put it at the end");
  }
}

// Who lets a request go because of a name wants it to go to that name.
void Compiler::verification(const WrittenRule& written, wire::PolicyRule* rule) {
  const WrittenTerm* unverified = nullptr;
  bool verified = false, names = false;
  for (const WrittenTerm& term : written.terms) {
    if (term.keyword == Keyword::kUnverified) unverified = &term;
    verified |= term.keyword == Keyword::kVerified;
  }
  for (const wire::PolicyTerm& term : rule->terms()) {
    if (!term.has_to()) continue;
    names |= !term.to().names().empty();
    for (const std::uint32_t list : term.to().lists()) names |= sets_.has_names(list);
  }
  if (unverified != nullptr && (verified || rule->verb() != wire::POLICY_ALLOW || !names)) {
    return errors_.add(
        unverified->place,
        "unverified belongs to an allow rule with a name, and not to verified; a rule "
        "about names that are not verified says: not verified");
  }
  if (rule->verb() == wire::POLICY_ALLOW && names && unverified == nullptr && !verified) {
    rule->add_terms()->set_verified(true);
    verified = true;
  }
  if (verified && outcome_.needs_names.empty()) {
    outcome_.needs_names = place_text(written.name.place);
  }
}

void Compiler::answer(const WrittenRule& written, wire::PolicyRule* rule) {
  const std::vector<Word>& words = written.answer;
  const std::string verb = words.empty() ? "" : words[0].text;
  const auto misplaced = [&](const char* valid) {
    errors_.add(words.empty() ? written.name.place : words[0].place,
                (words.empty() ? "the rule needs its end: "
                               : verb + " does not belong to this rule; valid is ") +
                    std::string(valid));
  };
  switch (rule->verb()) {
    case wire::POLICY_DENY:
      if (!verb.empty() &&
          std::find(std::begin(kDenyForms), std::end(kDenyForms), verb) == std::end(kDenyForms)) {
        return misplaced("page, json, empty, redirect \"URL\" or reset");
      }
      return deny_answer(words, rule->mutable_answer());
    case wire::POLICY_ALLOW:
      if (words.empty()) return;
      if (verb != "upstream") return misplaced("upstream NAME");
      return upstream(words[1], rule);
    case wire::POLICY_TAG:
      if (verb != "as") return misplaced("as WORD");
      if (words[1].text.size() > kMaxRuleName) {
        return errors_.add(words[1].place, "the word is longer than 64 letters");
      }
      return rule->set_tag(words[1].text);
    case wire::POLICY_HEADER:
      if (verb != "set" && verb != "remove") return misplaced("set NAME \"VALUE\" or remove NAME");
      return edit(words, rule->mutable_edit());
    case wire::POLICY_LIMIT:
      return compile_limit(written, &errors_, rule);
    default:
      if (!words.empty()) misplaced("nothing behind the conditions");
  }
}

void Compiler::upstream(const Word& name, wire::PolicyRule* rule) {
  if (!modes_.upstreams) return rule->set_upstream(name.text);
  const std::vector<std::string>& known = *modes_.upstreams;
  if (std::find(known.begin(), known.end(), name.text) != known.end()) {
    return rule->set_upstream(name.text);
  }
  std::string valid;
  for (const std::string& each : known) valid += (valid.empty() ? "" : ", ") + in_quotes(each);
  errors_.add(name.place, "there is no [[upstream]] " + in_quotes(name.text) +
                              "; the configuration has " + (valid.empty() ? "none" : valid));
}

void Compiler::deny_answer(const std::vector<Word>& words, wire::PolicyAnswer* answer) {
  if (words.empty()) return;
  const std::string& form = words[0].text;
  answer->set_form(form == "page"       ? wire::PolicyAnswer::PAGE
                   : form == "json"     ? wire::PolicyAnswer::JSON
                   : form == "empty"    ? wire::PolicyAnswer::EMPTY
                   : form == "redirect" ? wire::PolicyAnswer::REDIRECT
                                        : wire::PolicyAnswer::RESET);
  if (words.size() < 2) return;
  const Word& text = words[1];
  answer->set_text(text.text);
  if (form != "redirect") {
    if (text.text.size() > kMaxReason || !printable(text.text)) {
      errors_.add(text.place, "the reason must be at most 200 letters of ASCII");
    }
    return;
  }
  const bool url = text.text.starts_with("http://") || text.text.starts_with("https://");
  if (!url || text.text.size() > kMaxUrl || !printable(text.text) ||
      text.text.find_first_of(" \"<>") != std::string::npos) {
    errors_.add(text.place, in_quotes(text.text) +
                                " is no URL with http:// or https:// and at most 1000 letters");
  }
}

void Compiler::edit(const std::vector<Word>& words, wire::PolicyEdit* edit) {
  const Word& name = words[1];
  std::string lower = name.text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (!config::is_token(name.text)) {
    errors_.add(name.place, in_quotes(name.text) + " is no name of a header field");
  } else if (std::find(std::begin(kOwnFields), std::end(kOwnFields), lower) !=
             std::end(kOwnFields)) {
    errors_.add(name.place, in_quotes(name.text) +
                                " is a field that the gateway makes itself; no rule can change it");
  }
  edit->set_remove(words[0].text == "remove");
  edit->set_name(name.text);
  if (edit->remove()) return;
  if (words[2].text.size() > kMaxFieldValue || !printable(words[2].text)) {
    errors_.add(words[2].place, "the value must be at most 1000 letters of ASCII");
  }
  edit->set_value(words[2].text);
}

void Compiler::check_default() {
  const auto& rules = outcome_.policy.rules();
  const auto found = names_.find(kDefault);
  if (found == names_.end()) {
    errors_.add(end_,
                "the last rule is missing: allow default or deny default, for what no rule "
                "decides");
  } else if (rules.empty() || rules.rbegin()->name() != kDefault) {
    errors_.add(found->second, "the rule default must be the last rule");
  }
}

void Compiler::expect(const WrittenExpect& written) {
  Expectation expectation;
  expectation.place = place_text(written.place);
  if (const auto mistake = expectation.question.read(written.question, modes_)) {
    const bool missing = mistake->word >= written.question.size();
    return errors_.add(missing ? written.place : written.question[mistake->word].place,
                       mistake->what);
  }
  const std::vector<Word>& answer = written.answer;
  const bool verb = answer[0].text == "allow" || answer[0].text == "deny";
  if (!verb || answer.size() < 2 || answer.size() % 2 != 0) {
    return errors_.add(
        answer[0].place,
        "expected the decision: allow or deny, the name of the rule, and then audit, "
        "tag, header or limit with the names of others that must match");
  }
  expectation.verb = answer[0].text == "allow" ? wire::POLICY_ALLOW : wire::POLICY_DENY;
  expectation.rule = answer[1].text;
  for (std::size_t i = 1; i < answer.size(); i += 2) {
    if (i > 1) expectation.effects.push_back(answer[i].text);
    if (names_.find(answer[i].text) == names_.end()) {
      errors_.add(answer[i].place, "there is no rule " + in_quotes(answer[i].text));
    }
  }
  outcome_.expects.push_back(std::move(expectation));
}

std::string Compiler::place_text(const Place& place) const {
  return config::printable(document_.files[place.file], 120) + ":" + std::to_string(place.line) +
         ":" + std::to_string(place.column);
}

std::string decided(const Decision& decision) {
  std::string text(verb_name(decision.rule->verb()));
  text += " " + decision.rule->name();
  for (const Rule* effect : decision.effects) {
    text.append(" ").append(verb_name(effect->verb())).append(" ").append(effect->name());
  }
  return text + " (" + decision.rule->source->file() + ":" +
         std::to_string(decision.rule->source->line()) + ")";
}

}  // namespace

Outcome compile(const std::string& path, Files* files, const Modes& modes, const ListWork& work) {
  return Compiler(files, modes).run(path, work);
}

std::vector<std::string> run_expects(const std::vector<Expectation>& expects, Engine* engine) {
  std::vector<std::string> failed;
  Decision decision;
  for (const Expectation& expect : expects) {
    expect.question.decide(engine, 0, &decision);
    if (decision.looked_at_time && !expect.question.has_time()) {
      failed.push_back(expect.place +
                       ": the decision depends on the time; write at TIME, such as at "
                       "2026-11-24T10:00:00+01:00");
      continue;
    }
    bool right = decision.rule->verb() == expect.verb && decision.rule->name() == expect.rule;
    std::string wanted = std::string(verb_name(expect.verb)) + " " + expect.rule;
    for (const std::string& name : expect.effects) {
      wanted += " with " + name;
      right &= std::any_of(decision.effects.begin(), decision.effects.end(),
                           [&](const Rule* rule) { return rule->name() == name; });
    }
    if (!right) {
      failed.push_back(expect.place + ": expected " + wanted + ", decided is " + decided(decision));
    }
  }
  return failed;
}

}  // namespace gatehouse::policy
