// SPDX-License-Identifier: Apache-2.0
#include "cli/replay_report.h"

#include <algorithm>
#include <array>

#include "cli/log_text.h"
#include "cli/logs/values.h"
#include "cli/table.h"
#include "config/values.h"
#include "policy/name_index.h"

namespace gatehouse::cli {
namespace {

constexpr std::size_t kMaxShown = 100;  // letters of a host, a target

std::string shown(std::string_view text) { return config::printable(text, kMaxShown); }

std::string shown_rule(const policy::Rule& rule) {
  return rule.name() + " (" + rule.source->file() + ":" + std::to_string(rule.source->line()) + ")";
}

// Whom a request is for, so that spellings count as one.
std::string host_of(const logs::Record& record) {
  std::string_view host = record.host;
  const std::size_t scheme = record.target.find("://");
  if (scheme != record.target.npos && !record.target.starts_with('/')) {
    host = record.target.substr(scheme + 3);
    host = host.substr(0, host.find_first_of("/?#"));
  } else if (record.method == "CONNECT") {
    host = record.target;
  }
  const std::size_t colon = host.rfind(':');
  if (colon != host.npos && host.find(']', colon) == host.npos) host = host.substr(0, colon);
  std::array<char, policy::kMaxName> space;
  const std::string_view name = policy::normal_name(host, space);
  if (!name.empty()) return shown(name);
  return host.empty() ? to_string(record.destination.address) : shown(host);
}

}  // namespace

void ReplayReport::add(const logs::Record& record, std::uint64_t line, const Judgement& judgement,
                       const std::vector<const policy::Rule*>& effects) {
  first_ = records_ == 0 ? record.time : std::min(first_, record.time);
  last_ = records_ == 0 ? record.time : std::max(last_, record.time);
  ++records_;
  ++counts_[static_cast<std::size_t>(judgement.change)];
  if (judgement.change == Change::kUnclear) {
    for (std::size_t bit = 0; bit < std::size(missing_); ++bit) {
      missing_[bit] += judgement.missing >> bit & 1U;
    }
  }
  if (judgement.rule == nullptr) return;
  for (const policy::Rule* effect : effects) {
    if (effect->verb() == wire::POLICY_AUDIT) audits_.add(shown_rule(*effect), 0);
  }
  if (judgement.change != Change::kNone) add_change(record, line, judgement);
}

void ReplayReport::add_change(const logs::Record& record, std::uint64_t line,
                              const Judgement& judgement) {
  const bool allowed = judgement.change == Change::kNowAllowed;
  rules_.add(shown_rule(*judgement.rule), allowed ? 1 : 0);
  clients_.add(to_string(record.client), allowed ? 1 : 0);
  hosts_.add(host_of(record), allowed ? 1 : 0);
  if (changes() > most_changes_) return;
  shown_ +=
      "  line " + std::to_string(line) + ": " + to_string(record.client) + " " +
      (record.method.empty() ? "(not HTTP)" : shown(record.method) + " " + shown(record.target)) +
      (record.target.starts_with('/') ? " of " + host_of(record) : "") +
      (allowed ? ": was denied" : ": was allowed") +
      (record.rule.empty() ? "" : " by " + shown(record.rule)) +
      (allowed ? ", would be allowed by " : ", would be denied by ") + shown_rule(*judgement.rule) +
      "\n";
}

std::string ReplayReport::unclear() const {
  constexpr std::array<const char*, 6> kWhat = {"whether the destination is the name's",
                                                "a header field",
                                                "the port of the listener",
                                                "the destination's address",
                                                "the whole method, host or target",
                                                "the response"};
  std::string text;
  for (std::size_t bit = 0; bit < kWhat.size(); ++bit) {
    if (missing_[bit] == 0) continue;
    text += (text.empty() ? " (" : ", ") + std::string(kWhat[bit]) + ": " +
            std::to_string(missing_[bit]);
  }
  return text.empty() ? text : text + ")";
}

std::string ReplayReport::summary() const {
  std::string text = counted(records_, "record");
  if (records_ == 0) return text + "\n";
  text += ", " + logs::format_time(first_) + " to " + logs::format_time(last_) + "\n";
  const std::string width = std::to_string(records_);
  const auto row = [&](Change change, const std::string& what) {
    const std::string number = std::to_string(count(change));
    text += std::string(width.size() - number.size() + 2, ' ') + number + " " + what + "\n";
  };
  row(Change::kNone, "decided as then");
  row(Change::kNowDenied, "would be denied");
  row(Change::kNowAllowed, "would be allowed");
  row(Change::kUnclear, "depend on what the log does not hold" + unclear());
  row(Change::kNotAsked, "no policy decides about: malformed, not authenticated, not answered");
  return text;
}

std::string ReplayReport::table(std::string_view head, const Tally<2>& tally) const {
  Table table({std::string(head), "would be denied", "would be allowed"});
  for (const auto& [key, counts] : tally.top(most_rows_)) {
    table.add(
        {key.empty() ? "(all others)" : key, std::to_string(counts[0]), std::to_string(counts[1])});
  }
  return "\n" + table.str();
}

std::string ReplayReport::text(const logs::Reader& log) const {
  std::string text = summary() + describe_gaps(log);
  if (changes() > 0) {
    text +=
        table("rule that would decide", rules_) + table("client", clients_) + table("host", hosts_);
    if (!shown_.empty()) {
      text += (changes() > most_changes_ ? "\nthe first changes\n" : "\nthe changes\n") + shown_;
    }
  }
  if (const auto audits = audits_.top(most_rows_); !audits.empty()) {
    Table rows({"audit rule", "would have matched"});
    for (const auto& [key, counts] : audits) {
      rows.add({key.empty() ? "(all others)" : key, std::to_string(counts[0])});
    }
    text += "\n" + rows.str();
  }
  return text;
}

}  // namespace gatehouse::cli
