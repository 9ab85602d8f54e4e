// SPDX-License-Identifier: Apache-2.0
#include "config/limits.h"

#include <optional>
#include <string>

#include "config/section.h"
#include "config/values.h"

namespace gatehouse::config {
namespace {

constexpr std::uint64_t kSecond = 1000;  // milliseconds
constexpr std::uint64_t kHour = 3600 * kSecond;
constexpr std::uint64_t kKiB = 1024;
constexpr std::uint32_t kMaxConnections = 8000;  // of a worker, two descriptors each

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

void read_min_rate(Section& section, wire::ConfigLimits* limits) {
  constexpr std::uint64_t kMost = 1024 * kKiB;
  limits->set_min_rate(500);
  const Node* node = section.find("min_rate");
  if (node == nullptr) return;
  if (node->kind == Node::Kind::kString) {
    const auto rate =
        node->text == "off" ? std::optional<std::uint64_t>(0) : parse_rate(node->text);
    if (rate && *rate <= kMost && (*rate > 0 || node->text == "off")) {
      limits->set_min_rate(static_cast<std::uint32_t>(*rate));
      return;
    }
  }
  std::string what = "is " + shown(*node);
  if (node->kind == Node::Kind::kInteger) what += ", a number without a unit";
  section.complain(*node, "min_rate",
                   what +
                       "; valid is \"off\" or a rate from \"1B/s\" to \"1MiB/s\", in whole B/s, "
                       "KiB/s or MiB/s, such as \"500B/s\"");
}

void read_connections_per_source(Section& section, wire::ConfigLimits* limits) {
  const Node* node = section.find("connections_per_source");
  if (node == nullptr || (node->kind == Node::Kind::kString && node->text == "unlimited")) return;
  if (node->kind == Node::Kind::kInteger && node->integer >= 1 &&
      node->integer <= kMaxConnections) {
    limits->set_connections_per_source(static_cast<std::uint32_t>(node->integer));
    return;
  }
  section.complain(*node, "connections_per_source",
                   "is " + shown(*node) + "; valid is \"unlimited\" or an integer from 1 to " +
                       std::to_string(kMaxConnections));
}

}  // namespace

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
  timeouts->set_tunnel_ms(read("tunnel", kAny, kHour));
  section.finish();
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
  section.integer("connections", {1, kMaxConnections}, &connections);
  limits->set_connections(connections);
  section.integer("interim_responses", {1, 100}, &interim);
  limits->set_interim_responses(interim);
  read_min_rate(section, limits);
  read_connections_per_source(section, limits);
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

}  // namespace gatehouse::config
