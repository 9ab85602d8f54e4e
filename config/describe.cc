// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "base/address.h"
#include "config/config.h"
#include "config/listeners.h"
#include "config/toml_text.h"
#include "config/values.h"

namespace gatehouse::config {
namespace {

std::string in_quotes(const std::string& text) { return '"' + text + '"'; }

std::string address_text(std::string_view bytes) {
  return gatehouse::to_string(address_from_bytes(bytes).value_or(IpAddress{}));
}

// Of a ConfigListener, ConfigEndpoint or ConfigResolver::Server.
template <class Message>
std::string endpoint_text(const Message& message) {
  return gatehouse::to_string(Endpoint{address_from_bytes(message.address()).value_or(IpAddress{}),
                                       static_cast<std::uint16_t>(message.port())});
}

template <class Messages>
std::vector<std::string> endpoints(const Messages& messages) {
  std::vector<std::string> items;
  for (const auto& message : messages) items.push_back(in_quotes(endpoint_text(message)));
  return items;
}

std::vector<std::string> networks(
    const google::protobuf::RepeatedPtrField<wire::ConfigNetwork>& from) {
  std::vector<std::string> items;
  for (const wire::ConfigNetwork& network : from) {
    items.push_back(
        in_quotes(address_text(network.address()) + "/" + std::to_string(network.prefix())));
  }
  return items;
}

std::vector<std::string> port_ranges(
    const google::protobuf::RepeatedPtrField<wire::ConfigPortRange>& from) {
  std::vector<std::string> items;
  for (const wire::ConfigPortRange& range : from) {
    items.push_back(in_quotes(to_string(PortRange{static_cast<std::uint16_t>(range.first()),
                                                  static_cast<std::uint16_t>(range.last())})));
  }
  return items;
}

std::string_view source_name(bool keep_source) { return keep_source ? "client" : "own"; }

std::string_view via_name(wire::ConfigVia via) {
  if (via == wire::VIA_OFF) return "off";
  return via == wire::VIA_BOTH ? "both" : "request";
}

std::string_view host_check_name(wire::ConfigHostCheck check) {
  if (check == wire::HOST_CHECK_OFF) return "off";
  return check == wire::HOST_CHECK_TAG ? "tag" : "enforce";
}

std::string_view target_name(wire::ConfigLog::Target target) {
  if (target == wire::ConfigLog::OFF) return "off";
  return target == wire::ConfigLog::STDOUT ? "stdout" : "file";
}

void write_gateway(const wire::Config& config, TomlText* out) {
  out->section("[gateway]");
  out->number("workers", config.workers());
  out->text("source_address", source_name(config.keep_source()));
  out->array("clients", networks(config.clients()));
  out->text("via", via_name(config.via()));
  out->text("via_pseudonym", config.via_pseudonym());
  out->number("sockets_per_listener", config.sockets_per_listener());
  out->text("host_check", host_check_name(config.host_check()));
  if (!config.policy_file().empty()) out->text("policy", config.policy_file());
}

void write_listener(const wire::Config& config, const wire::ConfigListener& listener,
                    TomlText* out) {
  out->section("[[listen]]");
  out->text("mode", mode_name(listener.mode()));
  out->text("address", address_text(listener.address()));
  out->number("port", listener.port());
  out->array("proxy_from", networks(listener.proxy_from()));
  if (listener.mode() == wire::TRANSPARENT) {
    std::vector<std::string> ports;
    for (const std::uint32_t port : listener.intercept_ports()) {
      ports.push_back(std::to_string(port));
    }
    out->array("intercept.ports", ports);
    out->text("on_not_http", listener.tunnel_not_http() ? "tunnel" : "refuse");
  } else if (listener.mode() == wire::REVERSE) {
    out->text("upstream", config.upstreams(static_cast<int>(listener.upstream())).name());
  }
}

void write_forward(const wire::ConfigForward& forward, TomlText* out) {
  out->section("[forward]");
  out->array("ports", port_ranges(forward.ports()));
  out->array("connect_ports", port_ranges(forward.connect_ports()));
  out->array("allow_private", networks(forward.allow_private()));
  out->text("source_address", source_name(forward.keep_source()));
}

void write_resolver(const wire::ConfigResolver& resolver, TomlText* out) {
  out->section("[resolver]");
  if (resolver.servers_size() > 0) out->array("servers", endpoints(resolver.servers()));
  out->text("timeout", format_duration(resolver.timeout_ms()));
  out->number("tries", resolver.tries());
}

void write_upstream(const wire::ConfigUpstream& upstream, TomlText* out) {
  constexpr std::string_view kVersions[] = {"off", "v1", "v2"};
  out->section("[[upstream]]");
  out->text("name", upstream.name());
  out->array("servers", endpoints(upstream.servers()));
  out->text("host", upstream.host().empty() ? "keep" : upstream.host());
  out->text("source_address", source_name(upstream.keep_source()));
  out->text("proxy_protocol", kVersions[upstream.proxy_protocol() % 3]);
  out->number("fails", upstream.fails());
  out->text("down", format_duration(upstream.down_ms()));
}

void write_timeouts(const wire::ConfigTimeouts& timeouts, TomlText* out) {
  out->section("[timeouts]");
  out->text("head", format_duration(timeouts.head_ms()));
  out->text("idle", format_duration(timeouts.idle_ms()));
  out->text("connect", format_duration(timeouts.connect_ms()));
  out->text("response", format_duration(timeouts.response_ms()));
  out->text("stall", format_duration(timeouts.stall_ms()));
  out->text("drain", format_duration(timeouts.drain_ms()));
  out->text("upstream_idle", format_duration(timeouts.upstream_idle_ms()));
  out->text("tunnel", format_duration(timeouts.tunnel_ms()));
}

void write_limits(const wire::ConfigLimits& limits, TomlText* out) {
  out->section("[limits]");
  out->text("request_line", format_size(limits.request_line()));
  out->text("field_line", format_size(limits.field_line()));
  out->text("head", format_size(limits.head()));
  out->number("fields", limits.fields());
  out->text("body", limits.body() == 0 ? "unlimited" : format_size(limits.body()));
  out->number("connections", limits.connections());
  out->number("interim_responses", limits.interim_responses());
  out->text("min_rate", limits.min_rate() == 0 ? "off" : format_rate(limits.min_rate()));
  if (limits.connections_per_source() == 0) {
    out->text("connections_per_source", "unlimited");
  } else {
    out->number("connections_per_source", limits.connections_per_source());
  }
}

}  // namespace

std::string describe(const wire::Config& config) {
  TomlText out;
  write_gateway(config, &out);
  for (const wire::ConfigListener& listener : config.listeners()) {
    write_listener(config, listener, &out);
  }
  write_forward(config.forward(), &out);
  write_resolver(config.resolver(), &out);
  for (const wire::ConfigUpstream& upstream : config.upstreams()) write_upstream(upstream, &out);
  out.section("[log]");
  out.text("target", target_name(config.log().target()));
  out.text("file", config.log().file());
  out.text("format", config.log().format() == wire::ConfigLog::COMBINED ? "combined" : "json");
  write_timeouts(config.timeouts(), &out);
  write_limits(config.limits(), &out);
  out.section("[quota]");
  out.number("burst", config.quota().burst());
  out.number("per_second", config.quota().per_second());
  out.section("[errors]");
  out.prose("template", config.error_template());
  return out.take();
}

std::string summarize(const wire::Config& config) {
  std::string text = std::to_string(config.workers());
  text += config.workers() == 1 ? " worker" : " workers";
  std::string places;
  unsigned modes = 0;
  for (const wire::ConfigMode mode : {wire::TRANSPARENT, wire::FORWARD, wire::REVERSE}) {
    std::vector<std::string> endpoints;
    for (const wire::ConfigListener& listener : config.listeners()) {
      if (listener.mode() == mode) endpoints.push_back(endpoint_text(listener));
    }
    if (endpoints.empty()) continue;
    ++modes;
    places.append(", ").append(mode_name(mode)).append(" on ");
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      if (i > 0) places += i + 1 == endpoints.size() ? " and " : ", ";
      places += endpoints[i];
    }
    if (mode == wire::TRANSPARENT) {
      places +=
          config.keep_source() ? ", source address of the client" : ", source address of its own";
    }
  }
  text += (modes > 1 ? " for each mode" : "") + places;
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
