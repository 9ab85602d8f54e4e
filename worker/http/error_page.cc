// SPDX-License-Identifier: Apache-2.0
#include "worker/http/error_page.h"

#include <array>
#include <charconv>
#include <cstring>

#include "base/check.h"
#include "worker/http/scan.h"

namespace gatehouse::worker::http {
namespace {

constexpr std::string_view kAllow =
    "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n";

// Appends to a buffer that the caller has found large enough.
class Text {
 public:
  explicit Text(char* out) : begin_(out), at_(out) {}

  void add(std::string_view octets) {
    if (octets.empty()) return;  // its data may be null
    std::memcpy(at_, octets.data(), octets.size());
    at_ += octets.size();
  }
  void add(std::size_t number) { at_ = std::to_chars(at_, at_ + 20, number).ptr; }
  char* end() const { return at_; }
  void skip_to(char* end) { at_ = end; }
  std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }
  std::string_view view() const { return {begin_, size()}; }

 private:
  char* begin_;
  char* at_;
};

// The weight of a media range as thousandths, malformed ones 0 (RFC 9110 12.4.2).
int weight(std::string_view parameters) {
  const std::size_t q = parameters.find("q=");
  if (q == std::string_view::npos) return 1000;
  std::string_view digits = parameters.substr(q + 2, 5);
  int thousandths = 0;
  int place = 1000;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i == 1 && digits[i] == '.') continue;
    if (!is_digit(digits[i])) break;
    thousandths += place * (digits[i] - '0');
    place /= 10;
  }
  return thousandths;
}

std::string_view blame(const ErrorPage& page) {
  return page.kind == MessageKind::kResponse ? "The server's answer could not be used. " : "";
}

void add_reference(std::string_view before, std::string_view reference, Text& out) {
  if (reference.empty()) return;
  out.add(before);
  out.add(reference);
}

// For HTML or a JSON string.
void add_escaped(std::string_view text, PageFormat format, Text& out) {
  for (const char& c : text) {
    switch (format) {
      case PageFormat::kHtml:
        out.add(c == '&'   ? "&amp;"
                : c == '<' ? "&lt;"
                : c == '>' ? "&gt;"
                           : std::string_view(&c, 1));
        break;
      case PageFormat::kJson:
        out.add(c == '"' ? "\\\"" : c == '\\' ? "\\\\" : std::string_view(&c, 1));
        break;
      case PageFormat::kText:
        out.add(std::string_view(&c, 1));
    }
  }
}

void add_rule(std::string_view before, std::string_view rule, Text& out) {
  if (rule.empty()) return;
  out.add(before);
  out.add(rule);
}

void add_body(const ErrorPage& page, std::uint16_t status, const RefusalText& refusal, Text& out) {
  const std::string_view phrase = status_phrase(status);
  const std::string_view sentence = page.reason.empty() ? refusal.sentence : page.reason;
  switch (page.format) {
    case PageFormat::kHtml:
      out.add("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
      out.add(status);
      out.add(" ");
      out.add(phrase);
      out.add("</title></head>\n<body><h1>");
      out.add(phrase);
      out.add("</h1>\n<p>");
      out.add(blame(page));
      add_escaped(sentence, page.format, out);
      out.add("</p>\n<p><small>gatehouse: ");
      out.add(refusal.word);
      add_rule(", rule ", page.rule, out);
      add_reference(", reference ", page.reference, out);
      out.add("</small></p></body></html>\n");
      return;
    case PageFormat::kJson:
      out.add("{\"status\":");
      out.add(status);
      out.add(",\"error\":\"");
      out.add(refusal.word);
      out.add("\",\"message\":\"");
      out.add(blame(page));
      add_escaped(sentence, page.format, out);
      add_rule("\",\"rule\":\"", page.rule, out);
      add_reference("\",\"reference\":\"", page.reference, out);
      out.add("\"}\n");
      return;
    case PageFormat::kText:
      out.add(status);
      out.add(" ");
      out.add(phrase);
      out.add("\n");
      out.add(blame(page));
      add_escaped(sentence, page.format, out);
      out.add(" (gatehouse: ");
      out.add(refusal.word);
      add_rule(", rule ", page.rule, out);
      add_reference(", reference ", page.reference, out);
      out.add(")\n");
      return;
  }
}

std::string_view content_type(PageFormat format) {
  switch (format) {
    case PageFormat::kHtml:
      return "text/html; charset=utf-8";
    case PageFormat::kJson:
      return "application/json";
    case PageFormat::kText:
      break;
  }
  return "text/plain; charset=utf-8";
}

void add_connection(bool close, bool client_http10, Text& out) {
  if (close) {
    out.add("Connection: close\r\n");
  } else if (client_http10) {
    out.add("Connection: keep-alive\r\n");
  }
}

void add_head(const ErrorPage& page, std::uint16_t status, std::size_t body_size, Text& out) {
  out.add("HTTP/1.1 ");
  out.add(status);
  out.add(" ");
  out.add(status_phrase(status));
  if (!page.location.empty()) {
    out.add("\r\nLocation: ");
    out.add(page.location);
  } else if (!page.empty) {
    out.add("\r\nContent-Type: ");
    out.add(content_type(page.format));
  }
  out.add("\r\nContent-Length: ");
  out.add(body_size);
  out.add("\r\nCache-Control: no-store\r\n");
  if (status == 405) out.add(kAllow);  // RFC 9110 15.5.6
  if (status == 503) out.add("Retry-After: 2\r\n");
  if (status == 429) {  // RFC 6585 4
    out.add("Retry-After: ");
    out.add(std::size_t{page.retry_after});
    out.add("\r\n");
  }
  add_connection(page.close, page.client_http10, out);
  out.add("\r\n");
}

// Fields that TRACE must not show to a script (RFC 9110 9.3.8).
bool is_secret(FieldId id) {
  return id == FieldId::kAuthorization || id == FieldId::kProxyAuthorization ||
         id == FieldId::kCookie;
}

void add_trace_echo(const Head& head, Text& out) {
  out.add(head.text(head.method_text));
  out.add(" ");
  out.add(head.text(head.target));
  out.add(head.minor >= 1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
  for (const Field& field : head.fields()) {
    if (is_secret(field.id)) continue;
    out.add(head.name(field));
    out.add(": ");
    out.add(head.value(field));
    out.add("\r\n");
  }
  out.add("\r\n");
}

std::size_t trace_echo_size(const Head& head) {
  std::size_t size = head.method_text.size + head.target.size + 12 + 2;
  for (const Field& field : head.fields()) {
    if (!is_secret(field.id)) size += field.name_size + field.value_size + std::size_t{4};
  }
  return size;
}

}  // namespace

std::string_view status_phrase(std::uint16_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 302:
      return "Found";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 508:
      return "Loop Detected";
    default:
      return "Error";
  }
}

PageFormat page_format(std::string_view accept) {
  ListReader list(accept);
  std::string_view range;
  PageFormat best = PageFormat::kText;
  int best_weight = 0;
  while (list.next(range)) {
    const std::size_t semicolon = range.find(';');
    const std::string_view type = trim(range.substr(0, semicolon));
    const bool html = equals_ignoring_case(type, "text/html");
    const bool json = equals_ignoring_case(type, "application/json") ||
                      equals_ignoring_case(type, "application/problem+json");
    if (!html && !json) continue;
    const int q = semicolon == std::string_view::npos ? 1000 : weight(range.substr(semicolon));
    if (q <= best_weight) continue;
    best_weight = q;
    best = html ? PageFormat::kHtml : PageFormat::kJson;
  }
  return best;
}

std::uint16_t page_status(const ErrorPage& page) {
  return page.location.empty() ? refusal_status(page.refusal, page.kind) : 302;
}

std::size_t write_error_page(const ErrorPage& page, std::span<char> out) {
  if (out.size() < kErrorPageBound) return 0;
  const std::uint16_t status = page_status(page);
  const RefusalText& refusal = refusal_text(page.refusal);
  std::array<char, kErrorPageBound / 2> octets;
  Text text(out.data());
  if (page.empty || !page.location.empty()) {
    add_head(page, status, 0, text);
    return text.size();
  }
  if (page.format == PageFormat::kHtml && page.html != nullptr && !page.html->empty()) {
    Text sentence(octets.data());
    sentence.add(blame(page));
    sentence.add(page.reason.empty() ? refusal.sentence : page.reason);
    const ErrorTemplate::Values values{status, status_phrase(status), sentence.view(),
                                       page.reference, page.rule};
    const std::size_t size = page.html->size(values);
    if (size <= ErrorTemplate::kMaxPage && size <= out.size() - kErrorPageBound) {
      add_head(page, status, size, text);
      if (!page.head_request) text.skip_to(page.html->write(values, text.end()));
      return text.size();
    }
  }
  Text body(octets.data());
  add_body(page, status, refusal, body);
  CHECK(body.size() <= octets.size());
  add_head(page, status, body.size(), text);
  if (!page.head_request) text.add(body.view());
  return text.size();
}

std::size_t write_gateway_answer(const Head& head, const RequestPlan& plan, bool close,
                                 std::span<char> out) {
  // As in the head writers: each field may gain the space after its colon.
  if (out.size() < head.size + head.field_count + kErrorPageBound) return 0;
  Text text(out.data());
  text.add("HTTP/1.1 200 OK\r\n");
  const bool trace = plan.recipient == Recipient::kGatewayTrace;
  text.add(trace ? "Content-Type: message/http\r\n" : kAllow);
  text.add("Content-Length: ");
  text.add(trace ? trace_echo_size(head) : 0);
  text.add("\r\n");
  add_connection(close, plan.facts.client_minor == 0, text);
  text.add("\r\n");
  if (trace) add_trace_echo(head, text);
  return text.size();
}

}  // namespace gatehouse::worker::http
