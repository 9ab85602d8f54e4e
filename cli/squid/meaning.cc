// SPDX-License-Identifier: Apache-2.0
// From the type and the values of an acl to what it means.
#include <algorithm>
#include <array>

#include "cli/logs/values.h"
#include "cli/squid/acl.h"
#include "cli/squid/regex.h"
#include "config/values.h"
#include "policy/language/sets.h"

namespace gatehouse::squid {
namespace {

using Kind = Meaning::Kind;
using Values = std::vector<AclValue>;

Meaning unknown(std::string why) {
  Meaning meaning;
  meaning.why = std::move(why);
  return meaning;
}

std::string shown(std::string_view text) { return "\"" + config::printable(text, 60) + "\""; }

// "80", "1025-65535".
bool add_port(std::string_view text, Ports* ports) {
  const std::size_t hyphen = text.find('-');
  const auto first = logs::parse_number(text.substr(0, hyphen));
  const auto last = hyphen == text.npos ? first : logs::parse_number(text.substr(hyphen + 1));
  if (!first || !last || *first > *last || *last > kMostPort) return false;
  ports->add(static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last));
  return true;
}

// Any of the expressions.
std::optional<std::string> alternatives(const std::vector<std::string>& regexes) {
  if (regexes.size() == 1) return regexes[0];
  std::string all;
  for (const std::string& regex : regexes) {
    const bool ignore_case = regex.starts_with("(?i)");
    all += (all.empty() ? "" : "|") + std::string(ignore_case ? "(?i:" : "(?:") +
           regex.substr(ignore_case ? 4 : 0) + ")";
  }
  return all.size() <= 3500 ? std::optional(all) : std::nullopt;
}

// "08:00" in minutes.
std::optional<unsigned> minutes_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos || text.size() - colon != 3) return std::nullopt;
  const auto hours = logs::parse_number(text.substr(0, colon));
  const auto minutes = logs::parse_number(text.substr(colon + 1));
  if (!hours || !minutes || *hours > 24 || *minutes > 59) return std::nullopt;
  const auto all = static_cast<unsigned>(*hours * 60 + *minutes);
  return all <= 1440 ? std::optional(all) : std::nullopt;
}

std::string clock_text(unsigned minutes) {
  std::string text = "00:00";
  const std::array<unsigned, 4> digits = {minutes / 600, minutes / 60 % 10, minutes % 60 / 10,
                                          minutes % 10};
  for (std::size_t i = 0; i < 4; ++i) {
    text[i < 2 ? i : i + 1] = static_cast<char>('0' + digits[i]);
  }
  return text;
}

// "MTWHF" and "9:00-17:00". Squid's last minute belongs to the hours.
std::optional<std::string> when_text(const std::vector<std::string>& words) {
  constexpr std::string_view kLetters = "MTWHFAS";
  constexpr std::array<const char*, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  std::string days, hours;
  for (const std::string& word : words) {
    const std::size_t hyphen = word.find('-');
    if (hyphen != word.npos) {
      const auto begin = minutes_of(word.substr(0, hyphen));
      const auto end = minutes_of(word.substr(hyphen + 1));
      if (!begin || !end || *begin > *end || *begin == 1440 || !hours.empty()) return std::nullopt;
      hours = clock_text(*begin) + "-" + clock_text(std::min(*end + 1, 1440U));
      continue;
    }
    for (const char c : word) {
      if (c == 'D') {
        days += std::string(days.empty() ? "" : ",") + "Mon-Fri";
        continue;
      }
      const std::size_t day = kLetters.find(c);
      if (day == kLetters.npos) return std::nullopt;
      days += std::string(days.empty() ? "" : ",") + kDays[day];
    }
  }
  if (days.empty() && hours.empty()) return std::nullopt;
  return days + (days.empty() || hours.empty() ? "" : " ") + hours;
}

Meaning addresses_of(const Values& values, Kind kind) {
  Meaning meaning;
  meaning.kind = kind;
  for (const AclValue& value : values) {
    if (meaning.addresses.add(value.text)) continue;
    return unknown(shown(value.text) + " is no address or network");
  }
  if (kind == Kind::kFrom && meaning.addresses.is_all()) meaning.kind = Kind::kAlways;
  return meaning;
}

Meaning domains_of(const Values& values) {
  Meaning meaning;
  meaning.kind = Kind::kTo;
  for (const AclValue& value : values) {
    policy::Members members;
    if (!policy::add_member(value.text, &members).empty() ||
        value.text.find('/') != std::string::npos) {
      return unknown(shown(value.text) + " is no host name");
    }
    for (const std::string& name : members.exact) meaning.words.insert(name);
    for (const std::string& name : members.suffixes) meaning.words.insert("." + name);
    for (const Network& network : members.networks) {
      meaning.words.insert(gatehouse::to_string(network.address));
    }
  }
  return meaning;
}

Meaning domain_expressions(const Values& values) {
  Values names;
  for (const AclValue& value : values) {
    const auto name = name_of_regex(value.text);
    if (!name) {
      return unknown(shown(value.text) +
                     " is no expression for a name or all beneath one, such as "
                     "(^|\\.)example\\.com$; rule files have no others for names");
    }
    names.push_back({*name, false});
  }
  return domains_of(names);
}

Meaning ports_of(const Values& values, Kind kind) {
  Meaning meaning;
  meaning.kind = kind;
  for (const AclValue& value : values) {
    if (!add_port(value.text, &meaning.ports)) return unknown(shown(value.text) + " is no port");
  }
  return meaning;
}

Meaning methods_of(const Values& values) {
  Meaning meaning;
  meaning.kind = Kind::kMethod;
  for (const AclValue& value : values) {
    const bool capitals = std::all_of(value.text.begin(), value.text.end(),
                                      [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
    if (!capitals || !config::is_token(value.text)) {
      return unknown(shown(value.text) + " is no method in capitals");
    }
    meaning.words.insert(value.text);
  }
  return meaning;
}

Meaning field_of(std::string name, const Values& values) {
  Meaning meaning;
  meaning.kind = Kind::kHeader;
  meaning.field = std::move(name);
  if (!config::is_token(meaning.field)) return unknown("it names no header field");
  std::vector<std::string> regexes;
  for (const AclValue& value : values) {
    const auto regex = same_regex(value.text, value.ignore_case);
    if (!regex) {
      return unknown("the expression " + shown(value.text) +
                     " is not sure to mean the same in a rule file (RE2)");
    }
    regexes.push_back(*regex);
  }
  const auto all = alternatives(regexes);
  if (!all) return unknown("its expressions are too long for one rule");
  meaning.regex = *all;
  return meaning;
}

// What never reaches a policy here. CONNECT has no scheme that all versions of Squid agree about.
Meaning scheme_of(const Values& values) {
  Meaning meaning;
  meaning.kind = Kind::kNever;
  for (const AclValue& value : values) {
    std::string scheme = value.text;
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    if (scheme != "ftp" && scheme != "cache_object" && scheme != "gopher" && scheme != "wais" &&
        scheme != "urn" && scheme != "whois") {
      return unknown("rule files have no condition for the scheme " + shown(value.text));
    }
  }
  return meaning;
}

Meaning hours_of(const std::vector<Values>& lines, const std::string& zone) {
  if (zone.empty()) return unknown("hours need a time zone; give it with --zone");
  Meaning meaning;
  meaning.kind = Kind::kWhen;
  for (const Values& line : lines) {
    std::vector<std::string> words;
    for (const AclValue& value : line) words.push_back(value.text);
    const auto text = when_text(words);
    if (!text) return unknown("its days or hours are of a kind that is not known");
    meaning.words.insert(*text + " " + zone);
  }
  return meaning;
}

std::string why_not(const std::string& type) {
  if (type == "url_regex" || type == "urlpath_regex") {
    return "Squid compares " + std::string(type == "url_regex" ? "the URL" : "the path") +
           " as it is written, with its query; rules compare the plain path without it (write a "
           "path condition by hand)";
  }
  if (type == "maxconn" || type == "max_user_ip") return "it counts connections; rules don't";
  if (type.starts_with("proxy_auth") || type.starts_with("ident") || type == "external" ||
      type.starts_with("ext_user") || type == "note") {
    return "it is about users or helpers, of which rules know nothing";
  }
  if (type == "any-of" || type == "all-of") return "acls made of acls are not translated";
  return "rule files have nothing like the type " + shown(type);
}

}  // namespace

Meaning meaning_of(const std::string& type, const std::vector<Values>& lines,
                   const std::string& zone) {
  Values all;
  for (const Values& line : lines) all.insert(all.end(), line.begin(), line.end());
  if (type == "time") return hours_of(lines, zone);
  if (type == "req_header") {
    if (lines.size() != 1 || all.size() < 2) {
      return unknown("it has several lines, or no expression");
    }
    const std::string name = all[0].text;
    all.erase(all.begin());
    return field_of(name, all);
  }
  constexpr std::array<std::string_view, 10> kTypes = {
      "src",    "dst",     "dstdomain", "dstdom_regex",  "port",
      "method", "browser", "localport", "referer_regex", "proto"};
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) return unknown(why_not(type));
  if (all.empty()) return unknown("it has no values");
  if (type == "src") return addresses_of(all, Kind::kFrom);
  if (type == "dst") return addresses_of(all, Kind::kToNetwork);
  if (type == "dstdomain") return domains_of(all);
  if (type == "dstdom_regex") return domain_expressions(all);
  if (type == "port") return ports_of(all, Kind::kPort);
  if (type == "localport") return ports_of(all, Kind::kListener);
  if (type == "method") return methods_of(all);
  if (type == "browser") return field_of("User-Agent", all);
  if (type == "referer_regex") return field_of("Referer", all);
  return scheme_of(all);
}

}  // namespace gatehouse::squid
