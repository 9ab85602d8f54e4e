// SPDX-License-Identifier: Apache-2.0
#include "logger/render.h"

#include <charconv>
#include <string_view>

#include "base/address.h"
#include "logger/escape.h"

namespace gatehouse::logger {
namespace {

// Octets of each field that are shown. A target may fill a whole request line.
constexpr std::size_t kMaxMethod = 64, kMaxHost = 300, kMaxTarget = 8192, kMaxReason = 64;
constexpr std::size_t kMaxUserAgent = 1024, kMaxReferer = 2048, kMaxUpstream = 64;
constexpr std::size_t kMaxReference = 16, kMaxRule = 64, kMaxRules = 512;

void append_number(std::uint64_t number, std::string* out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out->append(digits, static_cast<std::size_t>(end - digits));
}

// The text form; "-" for anything that isn't 4 or 16 octets.
void append_address(std::string_view bytes, std::string* out) {
  if (bytes.size() == 4) {  // by hand: inet_ntop costs as much as half the line
    for (std::size_t i = 0; i < 4; ++i) {
      if (i > 0) out->push_back('.');
      append_number(static_cast<unsigned char>(bytes[i]), out);
    }
    return;
  }
  out->append(to_string(address_from_bytes(bytes).value_or(IpAddress{})));
}

void append_endpoint(std::string_view bytes, std::uint32_t port, std::string* out) {
  if (bytes.size() == 16) out->push_back('[');
  append_address(bytes, out);
  out->append(bytes.size() == 16 ? "]:" : ":");
  append_number(port, out);
}

// "1.1" for 11.
void append_version(std::uint32_t version, std::string* out) {
  append_number(version / 10, out);
  out->push_back('.');
  append_number(version % 10, out);
}

std::string_view ending_name(int ending) {
  switch (ending) {
    case wire::COMPLETE:
      return "complete";
    case wire::REFUSED:
      return "refused";
    case wire::UPSTREAM_FAILED:
      return "upstream_failed";
    case wire::CLIENT_ABORTED:
      return "client_aborted";
    case wire::UPSTREAM_ABORTED:
      return "upstream_aborted";
    case wire::TIMED_OUT:
      return "timed_out";
    case wire::DRAINED:
      return "drained";
    default:  // proto3 keeps numbers that are no enumerators
      return "unknown";
  }
}

std::string_view mode_name(std::uint32_t mode) {
  switch (mode) {
    case wire::TRANSPARENT:
      return "transparent";
    case wire::FORWARD:
      return "forward";
    case wire::REVERSE:
      return "reverse";
    default:
      return "unknown";
  }
}

std::string_view host_check_name(int result) {
  switch (result) {
    case wire::AccessRecord::NONE:
      return "none";
    case wire::AccessRecord::MATCH:
      return "match";
    case wire::AccessRecord::MISMATCH:
      return "mismatch";
    default:  // UNKNOWN, and numbers that are no enumerators
      return "unknown";
  }
}

std::string_view action_name(int action) {
  switch (action) {
    case wire::AccessRecord::ALLOW:
      return "allow";
    case wire::AccessRecord::DENY:
      return "deny";
    default:  // NO_POLICY, and numbers that are no enumerators
      return "";
  }
}

// key as it stands before the value: `,"key":`.
void json_number(std::string_view key, std::uint64_t number, std::string* out) {
  out->append(key);
  append_number(number, out);
}

void json_text(std::string_view key, std::string_view octets, std::size_t limit, std::string* out) {
  out->append(key).push_back('"');
  append_json_octets(octets, limit, out);
  out->push_back('"');
}

void json_address(std::string_view key, std::string_view bytes, std::string* out) {
  out->append(key).push_back('"');
  append_address(bytes, out);
  out->push_back('"');
}

// ` "octets"`, or ` "-"` for none.
void quoted_text(std::string_view octets, std::size_t limit, std::string* out) {
  out->append(" \"");
  if (octets.empty()) {
    out->push_back('-');
  } else {
    append_text_octets(octets, limit, out);
  }
  out->push_back('"');
}

}  // namespace

void Renderer::append_access(const wire::AccessRecord& record, unsigned slot, std::string* out) {
  if (format_ == wire::ConfigLog::COMBINED) {
    append_combined(record, slot, out);
  } else {
    append_json(record, slot, out);
  }
}

void Renderer::append_json(const wire::AccessRecord& record, unsigned slot, std::string* out) {
  out->append("{\"time\":\"");
  timestamp_.append_rfc3339(record.time_us(), out);
  json_address("\",\"client\":", record.client(), out);
  json_number(",\"client_port\":", record.client_port(), out);
  json_address(",\"destination\":", record.destination(), out);
  json_number(",\"destination_port\":", record.destination_port(), out);
  json_text(",\"method\":", record.method(), kMaxMethod, out);
  json_text(",\"host\":", record.host(), kMaxHost, out);
  json_text(",\"target\":", record.target(), kMaxTarget, out);
  out->append(",\"version\":\"");
  if (record.version() != 0) append_version(record.version(), out);
  json_number("\",\"status\":", record.status(), out);
  json_number(",\"octets_in\":", record.octets_in(), out);
  json_number(",\"octets_out\":", record.octets_out(), out);
  json_number(",\"head_us\":", record.head_us(), out);
  json_number(",\"connect_us\":", record.connect_us(), out);
  json_number(",\"first_byte_us\":", record.first_byte_us(), out);
  json_number(",\"total_us\":", record.total_us(), out);
  out->append(record.reused() ? ",\"reused\":true" : ",\"reused\":false");
  out->append(",\"ending\":\"").append(ending_name(record.ending()));
  json_text("\",\"reason\":", record.reason(), kMaxReason, out);
  json_number(",\"exchange\":", record.exchange(), out);
  json_number(",\"worker\":", slot, out);
  json_text(",\"user_agent\":", record.user_agent(), kMaxUserAgent, out);
  json_text(",\"referer\":", record.referer(), kMaxReferer, out);
  out->append(",\"mode\":\"").append(mode_name(record.mode()));
  out->append("\",\"host_check\":\"").append(host_check_name(record.host_check()));
  json_text("\",\"upstream\":", record.upstream(), kMaxUpstream, out);
  json_text(",\"reference\":", record.reference(), kMaxReference, out);
  json_text(",\"rule\":", record.rule(), kMaxRule, out);
  out->append(",\"action\":\"").append(action_name(record.action()));
  json_text("\",\"audit\":", record.audit(), kMaxRules, out);
  json_text(",\"tag\":", record.tag(), kMaxRules, out);
  json_text(",\"limit\":", record.limit(), kMaxRules, out);
  out->append("}\n");
}

void Renderer::append_combined(const wire::AccessRecord& record, unsigned slot, std::string* out) {
  append_address(record.client(), out);
  out->append(" - - [");
  timestamp_.append_common(record.time_us(), out);
  out->append("] \"");
  if (record.method().empty() || record.method() == "-") {  // a tunnel has no request line
    out->push_back('-');
  } else {
    append_text_octets(record.method(), kMaxMethod, out);
    out->push_back(' ');
    append_text_octets(record.target(), kMaxTarget, out);
    if (record.version() != 0) {
      out->append(" HTTP/");
      append_version(record.version(), out);
    }
  }
  out->append("\" ");
  append_number(record.status(), out);
  out->push_back(' ');
  append_number(record.octets_out(), out);
  quoted_text(record.referer(), kMaxReferer, out);
  quoted_text(record.user_agent(), kMaxUserAgent, out);
  quoted_text(record.host(), kMaxHost, out);
  out->push_back(' ');
  append_endpoint(record.destination(), record.destination_port(), out);
  out->push_back(' ');
  append_number(record.total_us(), out);
  out->append(" ").append(ending_name(record.ending()));
  quoted_text(record.reason(), kMaxReason, out);
  out->push_back(' ');
  append_number(slot, out);
  quoted_text(record.reference(), kMaxReference, out);
  quoted_text(record.rule(), kMaxRule, out);
  const std::string_view action = action_name(record.action());
  out->append(" ").append(action.empty() ? "-" : action);
  quoted_text(record.audit(), kMaxRules, out);
  quoted_text(record.tag(), kMaxRules, out);
  quoted_text(record.limit(), kMaxRules, out);
  out->push_back('\n');
}

void Renderer::append_lost_by_worker(std::uint64_t now_us, unsigned slot, std::uint64_t count,
                                     std::string* out) {
  if (format_ == wire::ConfigLog::COMBINED) {
    out->append("- - - [");
    timestamp_.append_common(now_us, out);
    out->append("] dropped ");
    append_number(count, out);
    out->append(" records in worker ");
    append_number(slot, out);
  } else {
    out->append("{\"time\":\"");
    timestamp_.append_rfc3339(now_us, out);
    json_number("\",\"dropped\":", count, out);
    json_number(",\"worker\":", slot, out);
    out->push_back('}');
  }
  out->push_back('\n');
}

void Renderer::append_lost_by_target(std::uint64_t now_us, std::uint64_t count, std::string* out) {
  if (format_ == wire::ConfigLog::COMBINED) {
    out->append("- - - [");
    timestamp_.append_common(now_us, out);
    out->append("] dropped ");
    append_number(count, out);
    out->append(" records");
  } else {
    out->append("{\"time\":\"");
    timestamp_.append_rfc3339(now_us, out);
    json_number("\",\"dropped\":", count, out);
    out->push_back('}');
  }
  out->push_back('\n');
}

}  // namespace gatehouse::logger
