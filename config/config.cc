// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <algorithm>
#include <array>

#include "config/diagnostics.h"
#include "config/gateway.h"
#include "config/listeners.h"
#include "config/section.h"
#include "config/values.h"

namespace gatehouse::config {
namespace {

constexpr std::uint64_t kSecond = 1000;  // milliseconds
constexpr std::uint64_t kHour = 3600 * kSecond;
constexpr std::uint64_t kKiB = 1024;

constexpr std::array<std::string_view, 6> kSections = {"gateway",  "listen", "log",
                                                       "timeouts", "limits", "quota"};

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

void read_timeouts(const Node* table, Diagnostics* diagnostics, wire::ConfigTimeouts* timeouts) {
  Section section("[timeouts]", table, diagnostics);
  constexpr Range kAny{kSecond / 10, 24 * kHour};
  const auto read = [&](std::string_view key, Range range, std::uint64_t usual) {
    auto value = static_cast<std::uint32_t>(usual);
    section.duration(key, range, &value);
    return value;
  };
  timeouts->set_head_ms(read("head", kAny, 10 * kSecond));
  timeouts->set_idle_ms(read("idle", kAny, 60 * kSecond));
  timeouts->set_connect_ms(read("connect", {kSecond / 10, 5 * 60 * kSecond}, 10 * kSecond));
  timeouts->set_response_ms(read("response", kAny, 60 * kSecond));
  timeouts->set_stall_ms(read("stall", kAny, 30 * kSecond));
  timeouts->set_drain_ms(read("drain", {0, kHour}, 30 * kSecond));
  timeouts->set_upstream_idle_ms(read("upstream_idle", kAny, 60 * kSecond));
  section.finish();
}

void read_body_limit(Section& section, wire::ConfigLimits* limits) {
  const Node* node = section.find("body");
  if (node == nullptr) return;
  if (node->kind == Node::Kind::kString) {
    if (node->text == "unlimited") return;
    const auto octets = parse_size(node->text);
    if (octets && *octets > 0 && *octets <= (std::uint64_t{1} << 50)) {
      limits->set_body(*octets);
      return;
    }
  }
  section.complain(*node, "body",
                   "is " + shown(*node) +
                       "; valid is \"unlimited\" or a size in whole B, KiB, MiB or GiB, such as "
                       "\"10MiB\"");
}

void read_limits(const Node* table, Diagnostics* diagnostics, wire::ConfigLimits* limits) {
  Section section("[limits]", table, diagnostics);
  std::uint32_t line = 8000, field_line = 8 * kKiB, head = 32 * kKiB;
  section.size("request_line", {256, 64 * kKiB}, &line);
  section.size("field_line", {256, 64 * kKiB}, &field_line);
  section.size("head", {kKiB, 64 * kKiB}, &head);
  // Only what was written can be at fault, so this is said once, at [limits].
  if (line > head || field_line > head) {
    section.complain_at_section(
        "head", "is " + format_size(head) + ", less than request_line (" + format_size(line) +
                    ") or field_line (" + format_size(field_line) +
                    "), which are parts of the head; valid is at least the larger of the two");
  }
  limits->set_request_line(line);
  limits->set_field_line(field_line);
  limits->set_head(head);
  std::uint32_t fields = 100, connections = 4096, interim = 16;
  section.integer("fields", {8, 1000}, &fields);
  limits->set_fields(fields);
  read_body_limit(section, limits);
  section.integer("connections", {1, 8000}, &connections);
  limits->set_connections(connections);
  section.integer("interim_responses", {1, 100}, &interim);
  limits->set_interim_responses(interim);
  section.finish();
}

void read_quota(const Node* table, Diagnostics* diagnostics, wire::ConfigQuota* quota) {
  Section section("[quota]", table, diagnostics);
  std::uint32_t burst = 64, per_second = 100;
  section.integer("burst", {1, 10'000}, &burst);
  section.integer("per_second", {1, 10'000}, &per_second);
  quota->set_burst(burst);
  quota->set_per_second(per_second);
  section.finish();
}

// A table of its own where only sections may stand, or something unknown.
void check_top_level(const Node& root, Diagnostics* diagnostics) {
  for (const Entry& entry : root.entries) {
    const bool section =
        std::find(kSections.begin(), kSections.end(), entry.key) != kSections.end();
    const bool table = entry.value.kind == Node::Kind::kTable;
    if (entry.key == "listen") continue;  // listeners.cc
    if (section && table) continue;
    constexpr std::string_view kValid =
        "; valid is [gateway], [[listen]], [log], [timeouts], [limits] or [quota]";
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
  auto parsed = parse_toml(text);
  if (const auto* error = std::get_if<SyntaxError>(&parsed)) {
    diagnostics.add(error->position, "syntax", error->what);
  } else {
    const Node& root = std::get<Node>(parsed);
    wire::Config& config = outcome.config;
    config.set_version(kConfigVersion);
    check_top_level(root, &diagnostics);
    read_gateway(find_table(root, "gateway"), around, &diagnostics, &config);
    read_listeners(root, &diagnostics, &config);
    read_log(find_table(root, "log"), &diagnostics, config.mutable_log());
    read_timeouts(find_table(root, "timeouts"), &diagnostics, config.mutable_timeouts());
    read_limits(find_table(root, "limits"), &diagnostics, config.mutable_limits());
    read_quota(find_table(root, "quota"), &diagnostics, config.mutable_quota());
  }
  outcome.errors = diagnostics.sentences(file_name);
  if (!outcome.errors.empty()) outcome.config.Clear();
  return outcome;
}

}  // namespace gatehouse::config
