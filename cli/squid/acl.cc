// SPDX-License-Identifier: Apache-2.0
#include "cli/squid/acl.h"

#include <algorithm>

#include "config/values.h"

namespace gatehouse::squid {
namespace {

std::string shown(std::string_view text) { return "\"" + config::printable(text, 60) + "\""; }

bool is_regex_type(const std::string& type) {
  return type.ends_with("regex") || type == "browser" || type == "req_header";
}

}  // namespace

void Acls::add_built_in(const std::string& name, const std::string& type,
                        const std::vector<std::string>& values) {
  Acl acl{{"Squid", 0}, type, {{}}, {}, {}};
  for (const std::string& value : values) acl.lines[0].push_back({value, false});
  acls_.try_emplace(name, std::move(acl));
}

void Acls::define(const Directive& directive) {
  if (directive.words.size() < 3) return;
  const std::string& name = directive.words[1];
  const auto [found, added] = acls_.try_emplace(name);
  Acl& acl = found->second;
  acl.meaning.reset();
  if (added) {
    acl.place = directive.place;
    acl.type = directive.words[2];
  } else if (acl.type != directive.words[2]) {
    acl.problem = "it has two types, " + shown(acl.type) + " and " + shown(directive.words[2]);
  }
  if (!directive.certain) acl.problem = "it depends on a condition (if)";
  add_values(directive, 3, &acl);
}

void Acls::add_values(const Directive& directive, std::size_t from, Acl* acl) {
  std::vector<AclValue> values;
  bool ignore_case = false;
  for (std::size_t i = from; i < directive.words.size(); ++i) {
    const std::string& word = directive.words[i];
    std::string why;
    if (word == "-i" || word == "+i") {
      ignore_case = word == "-i";
    } else if (word == "-n" && acl->type == "dstdomain") {
      continue;  // no look-up of names for addresses, as here
    } else if (word.size() > 1 && word[0] == '-' && !is_regex_type(acl->type)) {
      acl->problem = "its option " + shown(word) + " is not known";
    } else if (word[0] == '"' || word[0] == '\'') {
      if (!add_file(word, ignore_case, &values, &why)) acl->problem = why;
    } else {
      values.push_back({word, ignore_case});
    }
  }
  acl->lines.push_back(std::move(values));
}

// A value a line; what follows a blank and '#' is a comment.
bool Acls::add_file(const std::string& word, bool ignore_case, std::vector<AclValue>* values,
                    std::string* why) const {
  const std::string path = word.substr(1, word.find_first_of("\"'", 1) - 1);
  const auto text = read_beneath(sources_, path);
  if (!text) {
    *why = "its file " + shown(path) + " " + text.error().what;
    return false;
  }
  std::string_view rest = *text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    std::string value;
    std::size_t at = line.find_first_not_of(" \t\r");
    while (at != line.npos && line[at] != '#') {
      const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
      const std::size_t begin = value.empty() ? at : line.find_last_not_of(" \t\r", at - 1) + 1;
      value += line.substr(begin, end - begin);
      at = line.find_first_not_of(" \t\r", end);
    }
    if (!value.empty()) values->push_back({value, ignore_case});
  }
  return true;
}

std::optional<Place> Acls::place(const std::string& name) const {
  const auto found = acls_.find(name);
  return found == acls_.end() ? std::nullopt : std::optional(found->second.place);
}

const Meaning* Acls::find(const std::string& name) {
  if (!built_in_) {
    built_in_ = true;
    add_built_in("all", "src", {"all"});
    add_built_in("localhost", "src", {"127.0.0.1/32", "::1"});
    add_built_in("to_localhost", "dst", {"127.0.0.0/8", "0.0.0.0/32", "::1/128", "::/128"});
    add_built_in("to_linklocal", "dst", {"169.254.0.0/16", "fe80::/10"});
    add_built_in("manager", "proto", {"cache_object"});
    add_built_in("CONNECT", "method", {"CONNECT"});
  }
  const auto found = acls_.find(name);
  if (found == acls_.end()) return nullptr;
  Acl& acl = found->second;
  if (!acl.meaning) acl.meaning = meaning_of(acl.type, acl.lines, zone_);
  if (!acl.problem.empty()) {
    acl.meaning = Meaning{};
    acl.meaning->why = acl.problem;
  }
  return &*acl.meaning;
}

}  // namespace gatehouse::squid
