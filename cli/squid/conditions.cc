// SPDX-License-Identifier: Apache-2.0
#include "cli/squid/conditions.h"

#include <algorithm>

namespace gatehouse::squid {
namespace {

using Kind = Meaning::Kind;

constexpr std::size_t kFew = 3;  // members that stand in the rule itself

// Where a name resolves to one of these, the gateway refuses it whatever the rules say
// (privileged/floor.h; private ones unless [forward] allow_private names them).
constexpr const char* kRefused[] = {
    "0.0.0.0/8",     "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
    "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",   "::",          "::1",
    "fc00::/7",      "fe80::/10",      "ff00::/8"};

bool is_refused_anyway(const Addresses& addresses) {
  Addresses refused;
  for (const char* network : kRefused) refused.add(network);
  return addresses.within(refused);
}

std::string set_name(const std::string& name) {
  std::string result = name.substr(0, 48);
  for (char& c : result) {
    const bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                        (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
    if (!letter) c = '_';
  }
  return result;
}

std::string joined(const std::vector<std::string>& members) {
  std::string text;
  std::size_t line = 0;  // octets since the last break
  for (const std::string& member : members) {
    if (!text.empty()) {
      const bool full = line + member.size() > 80;
      text += full ? ",\n  " : ", ";
      line = full ? 0 : line;
    }
    text += member;
    line += member.size() + 2;
  }
  return text;
}

// Ports from 1 on, as there is no other.
std::vector<std::string> port_items(const Ports& ports) {
  std::vector<std::string> items;
  for (const auto& [first, last] : ports.ranges()) {
    if (last == 0) continue;
    const std::uint32_t begin = std::max<std::uint32_t>(first, 1);
    items.push_back(std::to_string(begin) + (last == begin ? "" : "-" + std::to_string(last)));
  }
  return items;
}

bool all_ports(const Ports& ports) {
  return ports.complement()
      .intersection([] {
        Ports real(kMostPort);
        real.add(1, kMostPort);
        return real;
      }())
      .empty();
}

// " port 80, 443", or " port not 22" where that is shorter, or as short and written so; nothing for
// all.
std::string port_condition(const char* word, const Ports& ports, bool negated) {
  if (all_ports(ports)) return {};
  const auto items = port_items(ports), others = port_items(ports.complement());
  const bool turned = others.size() < items.size() + (negated ? 1 : 0);
  return std::string(" ") + word + (turned ? " not " : " ") + joined(turned ? others : items);
}

}  // namespace

std::string SetWriter::refer(const std::string& name, const std::vector<std::string>& members,
                             std::string* text) {
  if (members.size() <= kFew) return joined(members);
  std::string free = set_name(name);
  for (int i = 2;; ++i) {
    const auto [found, added] = sets_.try_emplace(free, members);
    if (added) {
      *text += "set " + free + " = " + joined(members) + "\n";
      return "@" + free;
    }
    if (found->second == members) return "@" + free;
    free = set_name(name) + "-" + std::to_string(i);
  }
}

std::optional<std::string> Conditions::add(const std::string& name, const Meaning& meaning,
                                           bool negated) {
  switch (meaning.kind) {
    case Kind::kUnknown:
      return meaning.why;
    case Kind::kAlways:
    case Kind::kNever:
      never_ |= (meaning.kind == Kind::kNever) != negated;
      return std::nullopt;
    case Kind::kFrom: {
      const Addresses other = negated ? meaning.addresses.complement() : meaning.addresses;
      from_ = from_.intersection(other);
      from_name_ = One{name, meaning.addresses.networks(), negated};
      ++from_count_;
      return std::nullopt;
    }
    case Kind::kTo:
      return add_to(name, {meaning.words.begin(), meaning.words.end()}, negated);
    case Kind::kToNetwork:
      return add_network(name, meaning, negated);
    case Kind::kPort:
    case Kind::kListener: {
      negated_ = negated;
      Ports& ports = meaning.kind == Kind::kPort ? ports_ : listeners_;
      ports = ports.intersection(negated ? meaning.ports.complement() : meaning.ports);
      return std::nullopt;
    }
    case Kind::kMethod:
      add_methods(meaning.words, negated);
      return std::nullopt;
    case Kind::kWhen:
      if (when_) return "a rule has one condition for hours only";
      if (negated && meaning.words.size() > 1) return "it has several hours to be left out";
      when_ = One{name, {meaning.words.begin(), meaning.words.end()}, negated};
      return std::nullopt;
    case Kind::kHeader:
      headers_.push_back(" header " + std::string(negated ? "not " : "") + meaning.field + " ~\"" +
                         meaning.regex + "\"");
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> Conditions::add_to(const std::string& name,
                                              std::vector<std::string> members, bool negated) {
  if (to_) return "a rule has one condition for the destination only";
  to_ = One{name, std::move(members), negated};
  return std::nullopt;
}

// Squid resolves the name first. A forward listener asks its rules before, and sees only addresses
// that stand in the URL.
std::optional<std::string> Conditions::add_network(const std::string& name, const Meaning& meaning,
                                                   bool negated) {
  if (!is_refused_anyway(meaning.addresses)) {
    return "the address of a name is not known when a forward listener asks its rules";
  }
  return add_to(name, meaning.addresses.networks(), negated);
}

void Conditions::add_methods(const std::set<std::string>& words, bool negated) {
  if (negated) {
    other_methods_.insert(words.begin(), words.end());
    return;
  }
  if (!methods_) {
    methods_ = words;
    return;
  }
  std::erase_if(*methods_, [&](const std::string& word) { return !words.contains(word); });
}

bool Conditions::never() const {
  const bool no_method =
      methods_ && std::all_of(methods_->begin(), methods_->end(),
                              [&](auto& word) { return other_methods_.contains(word); });
  const bool nowhere = to_ && to_->members.empty() && !to_->negated;
  return never_ || from_.empty() || port_items(ports_).empty() || port_items(listeners_).empty() ||
         no_method || nowhere;
}

bool Conditions::empty() const {
  return from_.is_all() && all_ports(ports_) && all_ports(listeners_) && !methods_ &&
         other_methods_.empty() && !to_ && !when_ && headers_.empty();
}

std::vector<std::string> Conditions::rules(SetWriter* sets, std::string* text) const {
  std::string all;
  if (!from_.is_all()) {
    const One one = from_count_ == 1 ? *from_name_ : One{"clients", from_.networks(), false};
    all += std::string(" from ") + (one.negated ? "not " : "") +
           sets->refer(one.name, one.members, text);
  }
  all +=
      port_condition("listener", listeners_, negated_) + port_condition("port", ports_, negated_);
  std::set<std::string> methods = methods_ ? *methods_ : other_methods_;
  if (methods_)
    std::erase_if(methods, [&](const auto& word) { return other_methods_.contains(word); });
  if (!methods.empty()) {
    all += std::string(" method ") + (methods_ ? "" : "not ") +
           joined({methods.begin(), methods.end()});
  }
  if (to_) {
    all += std::string(" to ") + (to_->negated ? "not " : "") +
           sets->refer(to_->name, to_->members, text);
  }
  for (const std::string& header : headers_) all += header;
  if (!when_) return {all};
  std::vector<std::string> rules;
  for (const std::string& hours : when_->members) {
    rules.push_back(all + " when " + (when_->negated ? "not " : "") + hours);
  }
  return rules;
}

}  // namespace gatehouse::squid
