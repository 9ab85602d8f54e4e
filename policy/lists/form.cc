// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/form.h"

#include <algorithm>
#include <array>

#include "policy/lists/host_text.h"
#include "policy/path.h"

namespace gatehouse::lists {
namespace {

// A host name alone, or what is wrong with it.
void read_name(std::string_view text, Scope scope, bool deliberate, EntrySink* sink) {
  HostName host;
  if (const auto fault = host.set(text)) return sink->fault(*fault, text);
  sink->name(host.text(), scope, deliberate);
}

// Without what follows '#' at the beginning or after a blank.
std::string_view without_comment(std::string_view line, char mark = '#') {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == mark && (i == 0 || is_blank(line[i - 1]))) return trimmed(line.substr(0, i));
  }
  return trimmed(line);
}

// "example.com" and ".example.com": the name and all below; "*.example.com": those below.
Scope take_scope(std::string_view* text) {
  if (text->starts_with("*.")) {
    text->remove_prefix(2);
    return Scope::kBelow;
  }
  if (text->starts_with('.') && text->size() > 1) text->remove_prefix(1);
  return Scope::kBoth;
}

void read_plain(std::string_view line, EntrySink* sink) {
  constexpr std::string_view kDeliberate = "public-suffix:";
  if (line.starts_with(';') || line.starts_with('!')) return;
  line = without_comment(line);
  if (line.empty()) return;
  const bool deliberate = line.starts_with(kDeliberate);
  std::string_view name = deliberate ? line.substr(kDeliberate.size()) : line;
  const Scope scope = take_scope(&name);
  read_name(name, scope, deliberate, sink);
}

// What hosts files have for the host itself.
bool is_local_name(std::string_view name) {
  constexpr std::string_view kNames[] = {"localhost",      "localhost.localdomain", "local",
                                         "broadcasthost",  "ip6-localhost",         "ip6-loopback",
                                         "ip6-localnet",   "ip6-mcastprefix",       "ip6-allnodes",
                                         "ip6-allrouters", "ip6-allhosts",          "0.0.0.0"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// Unspecified or loopback: the usual way to say that a name leads nowhere.
bool leads_nowhere(const IpAddress& address) {
  const auto& octets = address.octets;
  if (address.family == AF_INET) {
    return octets[0] == 127 ||
           std::all_of(octets.begin(), octets.end(), [](auto o) { return o == 0; });
  }
  return std::all_of(octets.begin(), octets.end() - 1, [](auto o) { return o == 0; }) &&
         octets.back() <= 1;
}

void read_hosts(std::string_view line, EntrySink* sink) {
  std::string_view rest = without_comment(line);
  if (rest.empty()) return;
  const std::string_view word = take_word(&rest);
  // Link-local addresses have a zone: "fe80::1%lo0 localhost".
  const auto address = parse_address(word.substr(0, word.find('%')));
  if (!address || rest.empty()) return sink->fault(Fault::kNotThisForm, line);
  while (!rest.empty()) {
    const std::string_view name = take_word(&rest);
    if (is_local_name(name)) continue;
    if (!leads_nowhere(*address)) {
      sink->fault(Fault::kOwnAddress, name);
    } else {
      read_name(name, Scope::kSelf, false, sink);
    }
  }
}

bool is_cosmetic(std::string_view line) {
  for (const std::string_view mark : {"##", "#@#", "#?#", "#$#", "#%#"}) {
    if (line.find(mark) != line.npos) return true;
  }
  return false;
}

void read_adblock(std::string_view line, EntrySink* sink) {
  line = trimmed(line);
  if (line.empty() || line.starts_with('!') || line.starts_with('[')) return;
  if (line.starts_with("@@")) return sink->fault(Fault::kException, line);
  if (is_cosmetic(line)) return sink->fault(Fault::kAdblockPattern, line);
  if (line.starts_with('#')) return;
  if (!line.starts_with("||")) return sink->fault(Fault::kAdblockPattern, line);
  const std::size_t end = line.find('^');
  if (end == line.npos) return sink->fault(Fault::kAdblockPattern, line);
  std::string_view rest = line.substr(end + 1);
  if (rest.starts_with('|')) rest.remove_prefix(1);
  if (rest.starts_with('$') && rest != "$all" && rest != "$important") {
    return sink->fault(Fault::kAdblockOptions, line);
  }
  std::string_view name = line.substr(2, end - 2);
  if ((!rest.empty() && !rest.starts_with('$')) || name.find('/') != name.npos) {
    return sink->fault(Fault::kAdblockPattern, line);
  }
  const Scope scope = name.starts_with('.') ? Scope::kBoth : take_scope(&name);
  if (name.find('*') != name.npos) return sink->fault(Fault::kAdblockPattern, line);
  read_name(name, scope, false, sink);
}

void read_network(std::string_view line, EntrySink* sink) {
  line = without_comment(without_comment(line), ';');
  if (line.empty()) return;
  const ParsedNetwork parsed = parse_network(line);
  if (parsed.network) return sink->network(*parsed.network);
  sink->fault(parsed.fault, line);
}

// The host of a URL: without user and port. Any port: a list holds a place, not a service.
std::optional<std::string_view> host_of(std::string_view authority) {
  const std::size_t colon = authority.find(':');
  if (authority.find('@') != authority.npos) return std::nullopt;
  const std::string_view port = colon == authority.npos ? "" : authority.substr(colon + 1);
  if (port.size() > 5 || port.find_first_not_of("0123456789") != port.npos) return std::nullopt;
  return authority.substr(0, colon);
}

void read_url(std::string_view line, EntrySink* sink) {
  std::string_view url = without_comment(line);
  if (url.empty() || url.starts_with(';') || url.starts_with('!')) return;
  const std::string_view whole = url;
  if (const std::size_t scheme = url.find("://"); scheme != url.npos) {
    const std::string_view name = url.substr(0, scheme);
    if (!same_word(name, "http") && !same_word(name, "https")) {
      return sink->fault(Fault::kBadUrl, whole);
    }
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find('#'));
  const std::size_t slash = std::min(url.find_first_of("/?"), url.size());
  auto authority = host_of(url.substr(0, slash));
  const std::string_view written_path = url.substr(slash);
  if (!authority || written_path.size() > kMaxPath || url.find_first_of(" \t") != url.npos) {
    return sink->fault(Fault::kBadUrl, whole);
  }
  if (written_path.find('?') != written_path.npos) return sink->fault(Fault::kQuery, whole);
  Scope scope = Scope::kSelf;
  if (authority->starts_with("*.")) scope = take_scope(&*authority);
  const auto address = parse_address(*authority);
  HostName host;
  if (!address || address->family != AF_INET || scope != Scope::kSelf) {
    if (const auto fault = host.set(*authority)) return sink->fault(*fault, whole);
  }
  std::string path;
  policy::normalize_path(written_path, &path);
  while (path.ends_with('/')) path.pop_back();
  sink->url(address ? *authority : host.text(), scope, path);
}

// Without its comment; text in quotes can hold a semicolon.
std::string_view without_zone_comment(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') quoted = !quoted;
    if (line[i] == ';' && !quoted) return line.substr(0, i);
  }
  return line;
}

bool is_trigger(std::string_view owner) {
  for (const std::string_view mark : {"rpz-ip", "rpz-client-ip", "rpz-nsip", "rpz-nsdname"}) {
    if (owner.size() > mark.size() && same_word(owner.substr(owner.size() - mark.size()), mark) &&
        owner[owner.size() - mark.size() - 1] == '.') {
      return true;
    }
  }
  return false;
}

// Time to live and class stand before the type, in any order.
std::string_view take_type(std::string_view* rest) {
  for (;;) {
    const std::string_view word = take_word(rest);
    const bool time = !word.empty() && word.front() >= '0' && word.front() <= '9';
    if (!time && !same_word(word, "IN")) return word;
  }
}

}  // namespace

std::string_view form_text(Form form) { return kFormTexts[static_cast<std::size_t>(form)]; }

std::optional<Form> form_from_text(std::string_view text) {
  for (std::size_t i = 0; i < kForms; ++i) {
    if (kFormTexts[i] == text) return static_cast<Form>(i);
  }
  return std::nullopt;
}

void LineReader::read(std::string_view line, EntrySink* sink) {
  switch (form_) {
    case Form::kPlain:
      return read_plain(line, sink);
    case Form::kHosts:
      return read_hosts(line, sink);
    case Form::kAdblock:
      return read_adblock(line, sink);
    case Form::kRpz:
      return read_rpz(line, sink);
    case Form::kNetworks:
      return read_network(line, sink);
    case Form::kUrls:
      return read_url(line, sink);
  }
}

void LineReader::read_rpz(std::string_view line, EntrySink* sink) {
  line = without_zone_comment(line);
  if (in_parentheses_) {
    in_parentheses_ = line.find(')') == line.npos;
    return;
  }
  const bool no_owner = !line.empty() && is_blank(line.front());
  std::string_view rest = trimmed(line);
  if (rest.empty()) return;
  const std::string_view owner = no_owner ? std::string_view() : take_word(&rest);
  if (same_word(owner, "$TTL")) return;
  if (same_word(owner, "$ORIGIN")) {
    origin_ = rest;
    return;
  }
  if (owner.starts_with('$')) return sink->fault(Fault::kNotThisForm, line);
  read_rpz_record(owner, rest, sink);
}

void LineReader::read_rpz_record(std::string_view owner, std::string_view rest, EntrySink* sink) {
  const std::string_view type = take_type(&rest);
  if (same_word(type, "SOA")) {
    in_parentheses_ = rest.find('(') != rest.npos && rest.find(')') == rest.npos;
    if (origin_.empty() && owner.ends_with('.')) origin_ = owner;
    return;
  }
  if (same_word(type, "NS")) return;
  if (type.empty() || owner.empty())
    return sink->fault(Fault::kNotThisForm, owner.empty() ? type : owner);
  std::string_view name = owner;
  const std::size_t zone = origin_.size() + 1;
  if (name.ends_with('.') && origin_.size() > 1 && name.size() > zone &&
      same_word(name.substr(name.size() - origin_.size()), origin_) &&
      name[name.size() - zone] == '.') {
    name = name.substr(0, name.size() - zone);
  }
  if (is_trigger(name)) return sink->fault(Fault::kRpzTrigger, owner);
  if (same_word(type, "CNAME") && same_word(rest, "rpz-passthru.")) {
    return sink->fault(Fault::kException, owner);
  }
  if (!same_word(type, "CNAME") || (rest != "." && rest != "*." && !same_word(rest, "rpz-drop."))) {
    return sink->fault(Fault::kRpzAction, owner);
  }
  Scope scope = Scope::kSelf;
  if (name.starts_with("*.")) scope = take_scope(&name);
  read_name(name, scope, false, sink);
}

}  // namespace gatehouse::lists
