// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <algorithm>
#include <array>

#include "config/diagnostics.h"
#include "config/errors.h"
#include "config/forward.h"
#include "config/gateway.h"
#include "config/limits.h"
#include "config/listeners.h"
#include "config/policy.h"
#include "config/resolver.h"
#include "config/section.h"
#include "config/upstreams.h"
#include "config/values.h"

namespace gatehouse::config {
namespace {

constexpr std::array<std::string_view, 10> kSections = {
    "gateway", "listen",   "forward", "resolver", "upstream",
    "log",     "timeouts", "limits",  "quota",    "errors"};

// A plain name, so that it can't leave the log directory or hide in it.
bool is_plain_name(std::string_view name) {
  if (name.empty() || name.size() > 100 || name[0] == '.' || name[0] == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '-';
  });
}

void read_log(const Node* table, Diagnostics* diagnostics, wire::ConfigLog* log) {
  Section section("[log]", table, diagnostics);
  int target = wire::ConfigLog::FILE;
  section.choice("target",
                 {{"file", wire::ConfigLog::FILE},
                  {"stdout", wire::ConfigLog::STDOUT},
                  {"off", wire::ConfigLog::OFF}},
                 &target);
  log->set_target(static_cast<wire::ConfigLog::Target>(target));
  log->set_file("access.log");
  if (const Node* node = section.find("file")) {
    if (node->kind == Node::Kind::kString && is_plain_name(node->text)) {
      log->set_file(node->text);
    } else {
      section.complain(*node, "file",
                       "is " + shown(*node) +
                           "; valid is a plain name within the log directory, such as "
                           "\"access.log\" (letters, digits, '.', '_', '-')");
    }
  }
  int format = wire::ConfigLog::JSON;
  section.choice("format",
                 {{"json", wire::ConfigLog::JSON}, {"combined", wire::ConfigLog::COMBINED}},
                 &format);
  log->set_format(static_cast<wire::ConfigLog::Format>(format));
  section.finish();
}

// A table of its own where only sections may stand, or something unknown.
void check_top_level(const Node& root, Diagnostics* diagnostics) {
  for (const Entry& entry : root.entries) {
    const bool section =
        std::find(kSections.begin(), kSections.end(), entry.key) != kSections.end();
    const bool table = entry.value.kind == Node::Kind::kTable;
    if (entry.key == "listen" || entry.key == "upstream") continue;  // find_tables
    if (section && table) continue;
    constexpr std::string_view kValid =
        "; valid is [gateway], [[listen]], [forward], [resolver], [[upstream]], [log], [timeouts], "
        "[limits], [quota] or [errors]";
    const std::string key = printable(entry.key, 60);
    if (section) {
      diagnostics->add(entry.position, key,
                       "is " + std::string(entry.value.kind_name()) +
                           "; valid is a section, written [" + key + "]");
      continue;
    }
    std::string what = table ? "is no section" : "stands outside of any section";
    if (const auto near = nearest(entry.key, kSections); table && near) {
      what.append(" (did you mean ").append(*near).append("?)");
    }
    diagnostics->add(entry.position, table ? "[" + key + "]" : key, what + std::string(kValid));
  }
}

const Node* find_table(const Node& root, std::string_view name) {
  for (const Entry& entry : root.entries) {
    if (entry.key == name && entry.value.kind == Node::Kind::kTable) return &entry.value;
  }
  return nullptr;
}

}  // namespace

Outcome parse(std::string_view text, std::string_view file_name, const Surroundings& around) {
  Outcome outcome;
  Diagnostics diagnostics;
  std::vector<std::string> policy_errors;
  auto parsed = parse_toml(text);
  if (const auto* error = std::get_if<SyntaxError>(&parsed)) {
    diagnostics.add(error->position, "syntax", error->what);
  } else {
    const Node& root = std::get<Node>(parsed);
    wire::Config& config = outcome.config;
    config.set_version(kConfigVersion);
    check_top_level(root, &diagnostics);
    read_gateway(find_table(root, "gateway"), around, &diagnostics, &config);
    read_upstreams(root, &diagnostics, &config);
    read_listeners(root, &diagnostics, &config);
    ReadPolicy policy;
    if (!config.policy_file().empty()) policy = read_policy(around.files, around.lists, &config);
    if (policy.errors.empty()) check_upstreams_are_used(root, policy.upstreams, &diagnostics);
    outcome.warnings = std::move(policy.warnings);
    outcome.rules = policy.rules;
    outcome.lists = std::move(policy.lists);
    outcome.expects = policy.expects;
    policy_errors = std::move(policy.errors);
    read_forward(find_table(root, "forward"), &diagnostics, config.mutable_forward());
    read_resolver(root, around.resolv_conf, policy.needs_names, &diagnostics, &outcome.notes,
                  &config);
    read_log(find_table(root, "log"), &diagnostics, config.mutable_log());
    read_timeouts(find_table(root, "timeouts"), &diagnostics, config.mutable_timeouts());
    read_limits(find_table(root, "limits"), &diagnostics, config.mutable_limits());
    read_quota(find_table(root, "quota"), &diagnostics, config.mutable_quota());
    read_errors(find_table(root, "errors"), &diagnostics, &config);
  }
  outcome.errors = diagnostics.sentences(file_name);
  outcome.errors.insert(outcome.errors.end(), policy_errors.begin(), policy_errors.end());
  if (!outcome.errors.empty()) outcome.config.Clear();
  return outcome;
}

}  // namespace gatehouse::config
