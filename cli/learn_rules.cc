// SPDX-License-Identifier: Apache-2.0
#include "cli/learn_rules.h"

#include <algorithm>
#include <array>

#include "cli/log_text.h"
#include "cli/logs/sight.h"
#include "cli/logs/values.h"
#include "config/values.h"
#include "policy/language/parse.h"
#include "policy/language/sets.h"
#include "policy/lists/public_suffix.h"
#include "policy/name_index.h"

namespace gatehouse::cli {
namespace {

constexpr std::size_t kMaxWanted = 500'000;   // pairs of a network and whom it asked
constexpr std::size_t kMaxClients = 100'000;  // of a network, told apart

// The name below which one party registers: of "a.b.example.co.uk", "example.co.uk". Empty: name
// is itself one below which anyone can.
std::string_view registrable(std::string_view name) {
  std::string_view best;
  while (!lists::is_public_suffix(name)) {
    best = name;
    const std::size_t dot = name.find('.');
    if (dot == name.npos) break;
    name.remove_prefix(dot + 1);
  }
  return best;
}

std::string_view methods_word(unsigned methods) {
  return methods == 1 ? "-read" : methods == 2 ? "-connect" : "";
}

}  // namespace

std::string Learner::group_of(const IpAddress& client) const {
  for (const Network& group : options_.groups) {
    if (group.contains(client)) return config::to_string(config::masked(group));
  }
  return config::to_string(config::masked({client, client.family == AF_INET ? 24U : 64U}));
}

void Learner::add(const logs::Record& record) {
  first_ = records_ == 0 ? record.time : std::min(first_, record.time);
  last_ = records_ == 0 ? record.time : std::max(last_, record.time);
  ++records_;
  if (record.decided != logs::Decided::kAllow) return;
  ++allowed_;
  const wire::ConfigMode mode =
      record.mode ? *record.mode : options_.listener.value_or(logs::likely_mode(record, {}));
  const auto sight = logs::sight_of(record, mode);
  if (!sight || record.cut || wanted_ >= kMaxWanted) return void(++left_out_);
  const policy::Request& request = sight->request;
  Wanted wanted{!request.host.empty(), request.destination.port, {}};
  if (wanted.is_name) {
    policy::Members members;
    if (request.host.starts_with('.') || !policy::add_member(request.host, &members).empty() ||
        members.exact.size() != 1) {
      return void(++left_out_);
    }
    wanted.text = members.exact[0];
  } else if (request.destination.address.family != AF_UNSPEC) {
    wanted.text = to_string(request.destination.address);
  }
  if (wanted.text.empty() || wanted.port == 0) return void(++left_out_);
  Group& group = groups_[group_of(record.client)];
  ++group.requests;
  if (group.clients.size() < kMaxClients) group.clients.insert(to_string(record.client));
  const auto [found, added] = group.wanted.try_emplace(std::move(wanted));
  wanted_ += added ? 1 : 0;
  Asked& asked = found->second;
  ++asked.seen.requests;
  asked.seen.last = std::max(asked.seen.last, record.time);
  asked.seen.methods |= request.method.empty()                                ? kNoHttp
                        : request.method == "GET" || request.method == "HEAD" ? kReads
                        : request.method == "CONNECT"                         ? kConnect
                                                                              : kOthers;
  asked.unverified |= request.verified == policy::Verified::kNo;
}

// What may stand in one rule: the same port, the same methods, names or addresses.
std::map<Learner::RuleKey, Learner::Targets> Learner::rules_of(const Group& group) const {
  std::map<RuleKey, Targets> rules;
  for (const auto& [wanted, asked] : group.wanted) {
    if (asked.seen.requests < options_.at_least) continue;
    const Kind kind = !wanted.is_name    ? Kind::kAddresses
                      : asked.unverified ? Kind::kUnverified
                                         : Kind::kNames;
    // Reading alone and CONNECT alone tell something.
    const unsigned methods = asked.seen.methods <= kConnect ? asked.seen.methods : 0;
    rules[{wanted.port, kind, methods}].emplace(wanted.text, asked.seen);
  }
  for (auto& [key, targets] : rules) {
    if (key.kind != Kind::kAddresses) targets = folded(targets);
    // A domain that is allowed with every method needs no rule for some of them.
    const auto wide = rules.find({key.port, key.kind, 0});
    if (key.methods == 0 || wide == rules.end()) continue;
    std::erase_if(targets, [&](const auto& target) {
      const std::string_view name = std::string_view(target.first).substr(target.first[0] == '.');
      return wide->second.contains("." + std::string(registrable(name)));
    });
  }
  std::erase_if(rules, [](const auto& rule) { return rule.second.empty(); });
  return rules;
}

Learner::Targets Learner::folded(const Targets& names) const {
  std::map<std::string_view, Seen> domains;
  for (const auto& [name, seen] : names) {
    const std::string_view domain = registrable(name);
    if (domain.empty()) continue;
    const auto [found, added] = domains.try_emplace(domain, seen);
    if (added) continue;
    found->second.requests += seen.requests;
    found->second.last = std::max(found->second.last, seen.last);
    ++found->second.names;
  }
  Targets result;
  for (const auto& [name, seen] : names) {
    const auto domain = domains.find(registrable(name));
    if (domain != domains.end() && options_.fold > 0 && domain->second.names >= options_.fold) {
      result.emplace("." + std::string(domain->first), domain->second);
    } else {
      result.emplace(name, seen);
    }
  }
  return result;
}

void Learner::write_group(std::size_t number, const std::string& network, const Group& group,
                          std::string* text) const {
  const std::string net = "net" + std::to_string(number);
  *text += "\n# " + network + ": " + counted(group.clients.size(), "client") + ", " +
           counted(group.requests, "request") + "\nset " + net + " = " + network + "\n";
  for (const auto& [key, targets] : rules_of(group)) {
    const std::string name = net + "-" + std::to_string(key.port) +
                             std::string(methods_word(key.methods)) +
                             (key.kind == Kind::kAddresses    ? "-addresses"
                              : key.kind == Kind::kUnverified ? "-unverified"
                                                              : "");
    std::vector<std::pair<std::string, Seen>> sorted(targets.begin(), targets.end());
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
      return a.second.requests != b.second.requests ? a.second.requests > b.second.requests
                                                    : a.first < b.first;
    });
    std::string begin = "set " + name + " = ";
    for (const auto& [target, seen] : sorted) {
      std::string line = begin + target + (target == sorted.back().first ? "" : ",");
      line.append(line.size() < 44 ? 44 - line.size() : 1, ' ');
      *text += line + "# " + counted(seen.requests, "request") +
               (seen.names > 1 ? " to " + std::to_string(seen.names) + " names" : "") + ", last " +
               logs::format_time(seen.last) + "\n";
      begin = "  ";
    }
    if (key.kind == Kind::kUnverified) {
      *text += "# Seen at addresses that were not known to be theirs.\n";
    }
    *text += "allow " + name + " from @" + net + " to @" + name + " port " +
             std::to_string(key.port) +
             (key.methods == kReads     ? " method GET, HEAD"
              : key.methods == kConnect ? " method CONNECT"
                                        : "") +
             (key.kind == Kind::kUnverified ? " unverified" : "") + "\n";
  }
}

std::string Learner::head() const {
  std::string text = "# Proposed by `gatehouse learn` from " + counted(records_, "record");
  if (records_ > 0) {
    text += " of " + logs::format_time(first_) + " to " + logs::format_time(last_);
  }
  text += ",\n# " + std::to_string(allowed_) +
          " of them allowed. It allows what was seen, whether it was meant or not: read it, and "
          "try it\n# with `gatehouse replay` before it is enforced.\n";
  if (left_out_ > 0) {
    text += "# Left out: " + counted(left_out_, "allowed request") +
            " to what can't be named in a rule, such as a malformed host.\n";
  }
  if (options_.at_least > 1) {
    text += "# Left out: what was asked for less than " + std::to_string(options_.at_least) +
            " times.\n";
  }
  return text;
}

Result<std::string> Learner::rules() const {
  std::string text = head();
  std::size_t number = 0, rules = 0;
  for (const auto& [network, group] : groups_) {
    const std::size_t count = rules_of(group).size();
    if (count > 0) write_group(++number, network, group, &text);
    rules += count;
  }
  text += "\ndeny default\n";
  if (text.size() <= policy::kMaxFile && rules < 10'000) return text;
  return Error{0, "the proposal has " + std::to_string(text.size() / 1024) + " KiB and " +
                      std::to_string(rules) +
                      " rules; a rule file has at most 1024 KiB and 10000 rules. Give larger "
                      "networks (--group), fold more (--fold 2), or leave out what is rare "
                      "(--at-least 10)"};
}

}  // namespace gatehouse::cli
