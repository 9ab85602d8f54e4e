// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "base/address.h"
#include "config/config.h"
#include "config/values.h"

namespace gatehouse::config {
namespace {

class Writer {
 public:
  void section(std::string_view header) {
    if (!text_.empty()) text_ += '\n';
    text_.append(header).append("\n");
  }
  void raw(std::string_view key, std::string_view value) {
    text_.append(key).append(" = ").append(value).append("\n");
  }
  void number(std::string_view key, std::uint64_t value) { raw(key, std::to_string(value)); }
  // value never needs escapes: names, addresses, tokens and quantities.
  void text(std::string_view key, std::string_view value) {
    raw(key, '"' + std::string(value) + '"');
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string address_text(std::string_view bytes) {
  return gatehouse::to_string(address_from_bytes(bytes).value_or(IpAddress{}));
}

std::string clients_text(const wire::Config& config) {
  std::string list = "[";
  for (const wire::ConfigNetwork& network : config.clients()) {
    if (list.size() > 1) list += ", ";
    list.append("\"").append(address_text(network.address()));
    list.append("/").append(std::to_string(network.prefix())).append("\"");
  }
  return list + "]";
}

std::string ports_text(const wire::ConfigListener& listener) {
  std::string list = "[";
  for (const std::uint32_t port : listener.intercept_ports()) {
    if (list.size() > 1) list += ", ";
    list += std::to_string(port);
  }
  return list + "]";
}

std::string_view via_name(wire::ConfigVia via) {
  if (via == wire::VIA_OFF) return "off";
  return via == wire::VIA_BOTH ? "both" : "request";
}

std::string_view target_name(wire::ConfigLog::Target target) {
  if (target == wire::ConfigLog::OFF) return "off";
  return target == wire::ConfigLog::STDOUT ? "stdout" : "file";
}

std::string endpoint_text(const wire::ConfigListener& listener) {
  const Endpoint endpoint{address_from_bytes(listener.address()).value_or(IpAddress{}),
                          static_cast<std::uint16_t>(listener.port())};
  return gatehouse::to_string(endpoint);
}

void write_gateway(const wire::Config& config, Writer* out) {
  out->section("[gateway]");
  out->number("workers", config.workers());
  out->text("source_address", config.keep_source() ? "client" : "own");
  out->raw("clients", clients_text(config));
  out->text("via", via_name(config.via()));
  out->text("via_pseudonym", config.via_pseudonym());
  out->number("sockets_per_listener", config.sockets_per_listener());
}

void write_timeouts(const wire::ConfigTimeouts& timeouts, Writer* out) {
  out->section("[timeouts]");
  out->text("head", format_duration(timeouts.head_ms()));
  out->text("idle", format_duration(timeouts.idle_ms()));
  out->text("connect", format_duration(timeouts.connect_ms()));
  out->text("response", format_duration(timeouts.response_ms()));
  out->text("stall", format_duration(timeouts.stall_ms()));
  out->text("drain", format_duration(timeouts.drain_ms()));
  out->text("upstream_idle", format_duration(timeouts.upstream_idle_ms()));
}

void write_limits(const wire::ConfigLimits& limits, Writer* out) {
  out->section("[limits]");
  out->text("request_line", format_size(limits.request_line()));
  out->text("field_line", format_size(limits.field_line()));
  out->text("head", format_size(limits.head()));
  out->number("fields", limits.fields());
  out->text("body", limits.body() == 0 ? "unlimited" : format_size(limits.body()));
  out->number("connections", limits.connections());
  out->number("interim_responses", limits.interim_responses());
}

}  // namespace

std::string describe(const wire::Config& config) {
  Writer out;
  write_gateway(config, &out);
  for (const wire::ConfigListener& listener : config.listeners()) {
    out.section("[[listen]]");
    out.text("mode", "transparent");
    out.text("address", address_text(listener.address()));
    out.number("port", listener.port());
    out.raw("intercept.ports", ports_text(listener));
  }
  out.section("[log]");
  out.text("target", target_name(config.log().target()));
  out.text("file", config.log().file());
  out.text("format", config.log().format() == wire::ConfigLog::COMBINED ? "combined" : "json");
  write_timeouts(config.timeouts(), &out);
  write_limits(config.limits(), &out);
  out.section("[quota]");
  out.number("burst", config.quota().burst());
  out.number("per_second", config.quota().per_second());
  return out.take();
}

std::string summarize(const wire::Config& config) {
  std::string text = std::to_string(config.workers());
  text += config.workers() == 1 ? " worker" : " workers";
  text += ", transparent on ";
  for (int i = 0; i < config.listeners_size(); ++i) {
    if (i > 0) text += i + 1 == config.listeners_size() ? " and " : ", ";
    text += endpoint_text(config.listeners(i));
  }
  text += config.keep_source() ? ", source address of the client" : ", source address of its own";
  switch (config.log().target()) {
    case wire::ConfigLog::OFF:
      return text + ", no access log";
    case wire::ConfigLog::STDOUT:
      return text + ", access log on standard output";
    default:
      return text + ", access log in " + config.log().file();
  }
}

}  // namespace gatehouse::config
