// SPDX-License-Identifier: Apache-2.0
#include "policy/language/terms.h"

#include <algorithm>
#include <array>

#include "config/values.h"
#include "policy/clients/key.h"
#include "policy/language/zoneinfo.h"
#include "policy/path.h"
#include "policy/text_pattern.h"
#include "policy/time_window.h"

namespace gatehouse::policy {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::size_t kMaxRegexes = 256;  // of a rule; each takes memory in every worker
constexpr std::array<std::string_view, 9> kMethods = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"};

unsigned day_number(std::string_view name) {
  return static_cast<unsigned>(std::find(kDays.begin(), kDays.end(), name) - kDays.begin());
}

// Minutes of "HH:MM"; nothing beyond 24:00.
std::optional<unsigned> minutes_of(std::string_view text) {
  const auto digit = [&](std::size_t i) { return static_cast<unsigned>(text[i] - '0'); };
  const unsigned hours = digit(0) * 10 + digit(1), minutes = digit(3) * 10 + digit(4);
  if (minutes > 59 || hours > 24 || (hours == 24 && minutes != 0)) return std::nullopt;
  return hours * 60 + minutes;
}

// Sorted intervals of the week from minutes of a day; what goes past Sunday begins anew.
void add_interval(unsigned day, unsigned begin, unsigned end, wire::PolicyTimes* times) {
  const unsigned from = day * 1440 + begin, to = day * 1440 + (end > begin ? end : end + 1440);
  times->add_begins(from);
  times->add_ends(std::min(to, kWeekMinutes));
  if (to <= kWeekMinutes) return;
  times->add_begins(0);
  times->add_ends(to - kWeekMinutes);
}

}  // namespace

void Terms::compile(const WrittenTerm& written, wire::PolicyTerm* term) {
  term->set_negated(written.negated);
  switch (written.keyword) {
    case Keyword::kFrom:
      return from(written, term);
    case Keyword::kLabel:
      return label(written, term->mutable_label());
    case Keyword::kListener:
      return listener(written, term->mutable_listener());
    case Keyword::kPort:
      return port(written, term->mutable_port());
    case Keyword::kMethod:
      return method(written, term->mutable_method());
    case Keyword::kTo:
      return to(written, term->mutable_to());
    case Keyword::kPath:
      return path(written, term->mutable_path());
    case Keyword::kHeader:
      return header(written, term->mutable_header());
    case Keyword::kWhen:
      return when(written, term->mutable_when());
    case Keyword::kStatus:
      return status(written, term->mutable_status());
    case Keyword::kType:
      return type(written, term->mutable_type());
    case Keyword::kSize:
      return size(written, term);
    case Keyword::kVerified:
    case Keyword::kUnverified:
      term->set_verified(true);
      return;
  }
}

bool Terms::is_text(const Word& item, std::string_view what) {
  if (item.kind == Word::Kind::kPlain || item.kind == Word::Kind::kQuoted) return true;
  errors_->add(item.place, std::string("expected ").append(what));
  return false;
}

void Terms::from(const WrittenTerm& written, wire::PolicyTerm* term) {
  Members members;
  std::vector<std::uint32_t> lists;
  NamedSet* only = nullptr;
  for (const Word& item : written.items) {
    if (item.kind == Word::Kind::kReference) {
      NamedSet* set = sets_->find(item);
      if (set == nullptr) continue;
      if (set->has_names()) {
        errors_->add(item.place,
                     "@" + item.text + " holds names, and a client has none; from needs networks");
      }
      members.add(set->members);
      if (set->list) lists.push_back(sets_->number_of(set));
      only = set;
    } else if (is_text(item, "an address, a network or @set")) {
      const std::string why = add_member(item.text, &members);
      if (!why.empty()) errors_->add(item.place, why);
      if (why.empty() && members.has_names()) {
        errors_->add(item.place, in_quotes(item.text) +
                                     " is a name; from needs an address or a "
                                     "network");
        members.exact.clear();
        members.suffixes.clear();
      }
    }
  }
  if (written.items.size() > 1 || only == nullptr || only->list) {
    return term->set_from(networks_index(members.networks, lists));
  }
  if (!only->networks) only->networks = networks_index(only->members.networks);
  term->set_from(*only->networks);
}

void Terms::to(const WrittenTerm& written, wire::PolicyTo* to) {
  Members own;
  for (const Word& item : written.items) {
    if (item.kind != Word::Kind::kReference) {
      if (!is_text(item, "a host name, .suffix, address, network or @set")) continue;
      if (const std::string why = add_member(item.text, &own); !why.empty()) {
        errors_->add(item.place, why);
      }
      continue;
    }
    NamedSet* set = sets_->find(item);
    if (set == nullptr) continue;
    if (set->list) to->add_lists(sets_->number_of(set));
    if (set->members.has_names()) {
      if (!set->names) set->names = names_index(set->members);
      to->add_names(*set->names);
    }
    if (!set->members.networks.empty()) {
      if (!set->networks) set->networks = networks_index(set->members.networks);
      to->add_networks(*set->networks);
    }
  }
  if (own.has_names()) to->add_names(names_index(own));
  if (!own.networks.empty()) to->add_networks(networks_index(own.networks));
}

std::uint32_t Terms::networks_index(const std::vector<Network>& networks,
                                    const std::vector<std::uint32_t>& lists) {
  wire::PolicyNetworks made;
  for (const std::uint32_t list : lists) made.add_lists(list);
  for (const Network& network : networks) {
    wire::ConfigNetwork* member = made.add_members();
    member->set_address(std::string(network.address.bytes()));
    member->set_prefix(network.prefix);
  }
  const auto next = static_cast<std::uint32_t>(policy_->networks_size());
  const auto [found, added] = networks_.try_emplace(made.SerializeAsString(), next);
  if (added) *policy_->add_networks() = std::move(made);
  return found->second;
}

std::uint32_t Terms::names_index(const Members& members) {
  wire::PolicyNames made;
  for (const std::string& name : members.exact) made.add_exact(name);
  for (const std::string& name : members.suffixes) made.add_suffixes(name);
  const auto next = static_cast<std::uint32_t>(policy_->names_size());
  const auto [found, added] = names_.try_emplace(made.SerializeAsString(), next);
  if (added) *policy_->add_names() = std::move(made);
  return found->second;
}

void Terms::label(const WrittenTerm& written, wire::PolicyWords* words) {
  for (const Word& item : written.items) {
    if (clients::is_label(item.text)) {
      words->add_words(item.text);
    } else {
      errors_->add(item.place, in_quotes(item.text) +
                                   " is no label; valid is KEY=VALUE, such as role=guest, of "
                                   "letters, digits, '-', '_' and '.'");
    }
  }
}

void Terms::listener(const WrittenTerm& written, wire::PolicyListeners* listeners) {
  for (const Word& item : written.items) {
    if (item.text == "transparent") {
      listeners->add_modes(wire::TRANSPARENT);
    } else if (item.text == "forward") {
      listeners->add_modes(wire::FORWARD);
    } else if (item.text == "reverse") {
      listeners->add_modes(wire::REVERSE);
    } else if (const auto port = config::parse_port(item.text)) {
      listeners->add_ports(*port);
    } else {
      errors_->add(item.place, in_quotes(item.text) +
                                   " is no listener; valid is transparent, forward, reverse or the "
                                   "port that it listens on");
    }
  }
}

void Terms::port(const WrittenTerm& written, wire::PolicyPorts* ports) {
  for (const Word& item : written.items) {
    const auto range = config::parse_port_range(item.text);
    if (!range || item.kind != Word::Kind::kPlain) {
      errors_->add(
          item.place,
          in_quotes(item.text) + " is no port; valid is 1 to 65535, or a range such as 8000-8099");
      continue;
    }
    wire::ConfigPortRange* added = ports->add_ranges();
    added->set_first(range->first);
    added->set_last(range->last);
  }
}

void Terms::status(const WrittenTerm& written, wire::PolicyPorts* statuses) {
  for (const Word& item : written.items) {
    const auto range = config::parse_port_range(item.text);
    if (!range || item.kind != Word::Kind::kPlain || range->first < 100 || range->last > 599) {
      errors_->add(
          item.place,
          in_quotes(item.text) + " is no status; valid is 100 to 599, or a range such as 200-299");
      continue;
    }
    wire::ConfigPortRange* added = statuses->add_ranges();
    added->set_first(range->first);
    added->set_last(range->last);
  }
}

// Media types are compared in lower case (RFC 9110 8.3.1).
void Terms::type(const WrittenTerm& written, wire::PolicyTexts* types) {
  for (const Word& item : written.items) {
    std::string lower = item.text;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    const std::size_t slash = std::min(lower.find('/'), lower.size());
    const std::string sub = lower.substr(std::min(slash + 1, lower.size()));
    const bool right = item.kind == Word::Kind::kPlain &&
                       config::is_token(lower.substr(0, slash)) && lower[0] != '*' &&
                       config::is_token(sub) && (sub == "*" || sub.find('*') == sub.npos);
    if (!right) {
      errors_->add(item.place,
                   in_quotes(item.text) +
                       " is no media type; valid is one such as application/pdf, or all "
                       "of a kind such as video/*");
    } else if (sub == "*") {
      types->add_prefixes(lower.substr(0, slash + 1));
    } else {
      types->add_exact(lower);
    }
  }
}

void Terms::size(const WrittenTerm& written, wire::PolicyTerm* term) {
  const Word& item = written.items[0];
  const auto octets = config::parse_size(item.text);
  if (!octets || *octets == 0) {
    errors_->add(item.place, in_quotes(item.text) +
                                 " is no size; valid is a number with B, KiB, MiB or GiB, such as "
                                 "100MiB");
  }
  term->set_larger_than(octets.value_or(0));
}

void Terms::method(const WrittenTerm& written, wire::PolicyWords* words) {
  for (const Word& item : written.items) {
    std::string upper = item.text;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    const bool known = std::find(kMethods.begin(), kMethods.end(), upper) != kMethods.end();
    if (item.kind != Word::Kind::kPlain || !config::is_token(item.text)) {
      errors_->add(item.place, in_quotes(item.text) + " is no method");
    } else if (known && upper != item.text) {
      errors_->add(item.place, in_quotes(item.text) +
                                   " would match nothing, as methods are "
                                   "case-sensitive; write " +
                                   upper);
    } else {
      words->add_words(item.text);
    }
  }
}

void Terms::regex(const Word& item, wire::PolicyTexts* texts) {
  if (static_cast<std::size_t>(texts->regexes_size()) >= kMaxRegexes) {
    return errors_->add(item.place, "there are more than 256 expressions");
  }
  if (const std::string why = regex_problem(item.text); !why.empty()) {
    return errors_->add(item.place, "the expression is malformed: " + why);
  }
  texts->add_regexes(item.text);
}

void Terms::path(const WrittenTerm& written, wire::PolicyTexts* texts) {
  for (const Word& item : written.items) {
    if (item.kind == Word::Kind::kRegex) {
      regex(item, texts);
      continue;
    }
    if (!is_text(item, "a path")) continue;
    const std::string& text = item.text;
    std::string normal;
    normalize_path(text, &normal);
    if (!text.starts_with('/') && !text.starts_with('*')) {
      errors_->add(item.place,
                   in_quotes(text) + " is no path; valid is one that begins with / or *");
    } else if (text.find_first_of("?#") != text.npos) {
      errors_->add(item.place, in_quotes(text) + " has a query, which is no part of the path");
    } else if (normal != text) {
      errors_->add(item.place, in_quotes(text) +
                                   " would match nothing, as paths are compared in their "
                                   "plain form; write " +
                                   in_quotes(normal));
    } else if (text.find('*') == text.npos) {
      texts->add_exact(text);
    } else if (text.find('*') + 1 == text.size()) {
      texts->add_prefixes(text.substr(0, text.size() - 1));
    } else {
      texts->add_globs(text);
    }
  }
}

void Terms::header(const WrittenTerm& written, wire::PolicyHeader* header) {
  const Word& name = written.items[0];
  if (!config::is_token(name.text)) {
    errors_->add(name.place, in_quotes(name.text) + " is no name of a header field");
  }
  std::string lower = name.text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  header->set_name(lower);
  if (written.items.size() == 1) return;
  const Word& value = written.items[1];
  if (value.kind == Word::Kind::kRegex) return regex(value, header->mutable_value());
  if (value.text.find('*') == value.text.npos) {
    header->mutable_value()->add_exact(value.text);
  } else {
    header->mutable_value()->add_globs(value.text);
  }
}

void Terms::when(const WrittenTerm& written, wire::PolicyTimes* times) {
  std::vector<unsigned> days;
  std::vector<std::pair<unsigned, unsigned>> hours;
  for (const Word& item : written.items) {
    if (&item == &written.items.back()) continue;  // the zone
    const std::size_t hyphen = item.text.find('-');
    const std::string first = item.text.substr(0, hyphen);
    const std::string last = hyphen == item.text.npos ? first : item.text.substr(hyphen + 1);
    if (item.text[0] >= 'A') {
      for (unsigned day = day_number(first);; day = (day + 1) % 7) {
        days.push_back(day);
        if (day == day_number(last)) break;
      }
      continue;
    }
    const auto begin = minutes_of(first), end = minutes_of(last);
    if (!begin || !end || *begin == *end || *begin == 1440) {
      errors_->add(item.place, in_quotes(item.text) +
                                   " are no hours; valid is 00:00 to 24:00, such as 08:00-15:30; "
                                   "22:00-06:00 ends on the next day");
      continue;
    }
    hours.emplace_back(*begin, *end);
  }
  if (days.empty()) days = {0, 1, 2, 3, 4, 5, 6};
  if (hours.empty()) hours = {{0, 1440}};
  for (const unsigned day : days) {
    for (const auto& [begin, end] : hours) add_interval(day, begin, end, times);
  }
  if (written.items.size() == 1) {
    errors_->add(written.place,
                 "expected days (Mon-Fri) or hours (08:00-15:00) before the time zone");
  }
  if (const auto zone = zone_index(written.items.back())) times->set_zone(*zone);
}

std::optional<std::uint32_t> Terms::zone_index(const Word& name) {
  const auto next = static_cast<std::uint32_t>(policy_->zones_size());
  const auto [found, added] = zones_.try_emplace(name.text, next);
  if (!added) return found->second;
  wire::PolicyZone zone;
  zone.set_name(name.text);
  if (name.text != "UTC") {
    const Result<std::string> octets = files_->read_zone(name.text);
    if (!octets) {
      errors_->add(name.place, "the time zone " + in_quotes(name.text) + " " + octets.error().what);
    } else if (auto read = read_zone(*octets, name.text)) {
      zone = std::move(*read);
    } else {
      errors_->add(name.place, "the time zone " + in_quotes(name.text) + " " + read.error().what);
    }
  }
  *policy_->add_zones() = std::move(zone);
  return found->second;
}

}  // namespace gatehouse::policy
