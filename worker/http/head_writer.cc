// SPDX-License-Identifier: Apache-2.0
#include "worker/http/head_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/check.h"

namespace gatehouse::worker::http {
namespace {

// More than all that is generated beside the parsed fields and the options: start line parts,
// Host, Content-Length or Transfer-Encoding, Connection, Upgrade, Max-Forwards, the Forwarded
// fields, Via, empty line.
constexpr std::size_t kGenerated = 640;

// Appends to a buffer that the caller has found large enough. Lines that follow each other in the
// received head and are written just so are copied together.
class Writer {
 public:
  Writer(const Head& head, char* out) : head_(head), begin_(out), at_(out) {}

  void text(std::string_view octets) {
    flush();
    append(octets);
  }

  void number(std::uint64_t value) {
    flush();
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    append({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }

  void field(const Field& field) {
    if (!field.canonical) {
      text(head_.name(field));
      append(": ");
      append(head_.value(field));
      append("\r\n");
      return;
    }
    if (run_end_ != field.name_begin) {
      flush();
      run_begin_ = field.name_begin;
    }
    run_end_ = field.value_begin + field.value_size + 2;
  }

  void field(std::string_view name, std::string_view value) {
    text(name);
    append(": ");
    append(value);
    append("\r\n");
  }

  void framing(Framing framing, std::uint64_t length) {
    if (framing == Framing::kChunked) text("Transfer-Encoding: chunked\r\n");
    if (framing != Framing::kLength) return;
    text("Content-Length: ");
    number(length);
    append("\r\n");
  }

  void via(std::uint8_t minor, std::string_view pseudonym) {
    if (pseudonym.empty()) return;
    text(minor >= 1 ? "Via: 1.1 " : "Via: 1.0 ");
    append(pseudonym);
    append("\r\n");
  }

  std::size_t finish() {
    text("\r\n");
    return static_cast<std::size_t>(at_ - begin_);
  }

 private:
  void flush() {
    if (run_begin_ == run_end_) return;
    append({head_.base + run_begin_, run_end_ - run_begin_});
    run_begin_ = run_end_ = 0;
  }

  void append(std::string_view octets) {
    if (octets.empty()) return;  // its data may be null
    std::memcpy(at_, octets.data(), octets.size());
    at_ += octets.size();
  }

  const Head& head_;
  char* const begin_;
  char* at_;
  std::uint32_t run_begin_ = 0;  // octets of the received head still to be copied
  std::uint32_t run_end_ = 0;
};

bool is_forwarded_id(FieldId id) {
  return id == FieldId::kForwarded || id == FieldId::kXForwardedFor ||
         id == FieldId::kXForwardedHost || id == FieldId::kXForwardedProto ||
         id == FieldId::kXRealIp;
}

// Also when written with '_', which many servers read as '-'.
bool is_forwarded_field(const Head& head, const Field& field) {
  if (field.id != FieldId::kOther) return is_forwarded_id(field.id);
  const std::string_view name = head.name(field);
  std::array<char, 20> hyphened;  // longer than any of them
  if (name.size() > hyphened.size() || name.find('_') == std::string_view::npos) return false;
  std::replace_copy(name.begin(), name.end(), hyphened.begin(), '_', '-');
  return is_forwarded_id(field_id({hyphened.data(), name.size()}));
}

// host: what the client asked for, empty where it named none. As an authority it holds nothing that
// a quoted-string would have to escape.
void write_forwarded(const IpAddress& client, std::string_view host, Writer& writer) {
  const std::string address = to_string(client);
  writer.field("X-Forwarded-For", address);
  writer.text("X-Forwarded-Proto: http\r\n");
  if (!host.empty()) writer.field("X-Forwarded-Host", host);
  // RFC 7239 6: an IPv6 address has brackets and quotes.
  writer.text(client.family == AF_INET6 ? "Forwarded: for=\"[" : "Forwarded: for=");
  writer.text(address);
  writer.text(client.family == AF_INET6 ? "]\";proto=http" : ";proto=http");
  if (!host.empty()) {
    writer.text(";host=\"");
    writer.text(host);
    writer.text("\"");
  }
  writer.text("\r\n");
}

// The Host that is forwarded when the request had no field to stand in for.
void write_host(const Head& head, const RequestPlan& plan, const RequestWriteOptions& options,
                Writer& writer) {
  if (!options.host.empty()) {
    writer.field("Host", options.host);
  } else if (plan.authority.size != 0) {
    writer.field("Host", head.text(plan.authority));
  } else if (options.destination.address.family == AF_UNSPEC) {
    writer.field("Host", "");  // RFC 9110 7.2: no authority, empty value
  } else {
    const bool default_port = options.destination.port == 80 || options.destination.port == 0;
    const bool brackets = options.destination.address.family == AF_INET6;
    writer.text(brackets ? "Host: [" : "Host: ");
    writer.text(to_string(options.destination.address));
    if (brackets) writer.text("]");
    if (!default_port) {
      writer.text(":");
      writer.number(options.destination.port);
    }
    writer.text("\r\n");
  }
}

void write_target(const Head& head, const RequestPlan& plan, Writer& writer) {
  if (plan.asterisk) {
    writer.text("*");
    return;
  }
  if (plan.path_prefix_slash) writer.text("/");
  writer.text(head.text(plan.path));
}

// One parsed field of a request, or what replaces it.
void write_request_field(const Head& head, const Field& field, const RequestPlan& plan,
                         const RequestWriteOptions& options, Writer& writer) {
  if (field.drop) return;
  switch (field.id) {
    case FieldId::kHost:
      if (plan.form == TargetForm::kAbsolute || !options.host.empty()) {
        writer.field(head.name(field),
                     options.host.empty() ? head.text(plan.authority) : options.host);
      } else {
        writer.field(field);
      }
      return;
    case FieldId::kContentLength:
    case FieldId::kTransferEncoding:
      writer.framing(plan.framing, plan.content_length);  // there is one such field
      return;
    case FieldId::kMaxForwards:
      if (plan.max_forwards < 0) break;
      writer.text(head.name(field));
      writer.text(": ");
      writer.number(static_cast<std::uint64_t>(plan.max_forwards));
      writer.text("\r\n");
      return;
    default:
      if (options.forwarded_for.family != AF_UNSPEC && is_forwarded_field(head, field)) return;
  }
  writer.field(field);
}

}  // namespace

std::size_t request_head_bound(const Head& head, const RequestWriteOptions& options) {
  // What the client asked for, which is in the target or a field, is told in two others.
  const std::size_t forwarded =
      options.forwarded_for.family == AF_UNSPEC
          ? 0
          : 2 * std::max<std::size_t>(head.target.size, head.find(FieldId::kHost).size());
  // A line written anew may gain the space after its colon; a Host may be replaced.
  return head.size + head.field_count + options.via_pseudonym.size() + options.host.size() +
         options.extra_fields.size() + head.target.size + forwarded + kGenerated;
}

std::size_t write_request_head(const Head& head, const RequestPlan& plan,
                               const RequestWriteOptions& options, std::span<char> out) {
  const std::size_t bound = request_head_bound(head, options);
  if (out.size() < bound) return 0;
  Writer writer(head, out.data());
  writer.text(head.text(head.method_text));
  writer.text(" ");
  write_target(head, plan, writer);
  writer.text(" HTTP/1.1\r\n");
  if (!head.has(FieldId::kHost)) write_host(head, plan, options, writer);
  for (const Field& field : head.fields()) {
    write_request_field(head, field, plan, options, writer);
  }
  if (plan.facts.websocket) {
    writer.text("Connection: upgrade\r\nUpgrade: websocket\r\n");
  } else if (options.close) {
    writer.text("Connection: close\r\n");
  }
  if (options.forwarded_for.family != AF_UNSPEC) {
    write_forwarded(options.forwarded_for, head.text(plan.authority), writer);
  }
  writer.via(head.minor, options.via_pseudonym);
  writer.text(options.extra_fields);
  const std::size_t size = writer.finish();
  CHECK(size <= bound);
  return size;
}

std::size_t response_head_bound(const Head& head, const ResponseWriteOptions& options) {
  return head.size + head.field_count + options.via_pseudonym.size() + options.extra_fields.size() +
         kGenerated;
}

std::size_t write_response_head(const Head& head, const ResponsePlan& plan,
                                const RequestFacts& request, const ResponseWriteOptions& options,
                                std::span<char> out) {
  const std::size_t bound = response_head_bound(head, options);
  if (out.size() < bound) return 0;
  Writer writer(head, out.data());
  writer.text("HTTP/1.1 ");
  writer.number(plan.status);
  writer.text(" ");
  writer.text(head.text(head.reason));
  writer.text("\r\n");
  bool framed = false;
  for (const Field& field : head.fields()) {
    if (field.id == FieldId::kContentLength || field.id == FieldId::kTransferEncoding) {
      if (!framed) writer.framing(plan.declared, plan.content_length);
      framed = true;
    } else if (!field.drop) {
      writer.field(field);
    }
  }
  if (plan.status == 101) {
    writer.text("Connection: upgrade\r\nUpgrade: websocket\r\n");
  } else if (!plan.interim && !plan.tunnel) {
    if (options.close) {
      writer.text("Connection: close\r\n");
    } else if (request.client_minor == 0) {
      writer.text("Connection: keep-alive\r\n");
    }
  }
  writer.via(head.minor, options.via_pseudonym);
  writer.text(options.extra_fields);
  const std::size_t size = writer.finish();
  CHECK(size <= bound);
  return size;
}

}  // namespace gatehouse::worker::http
