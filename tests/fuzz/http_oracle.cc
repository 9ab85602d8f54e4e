// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/http_oracle.h"

#include <http_parser.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

namespace gatehouse::fuzz {
namespace {

struct Context {
  OracleReading reading;
  bool head_request = false;
  bool in_value = false;

  OracleMessage& last() { return reading.messages.back(); }
};

Context& context(http_parser* parser) { return *static_cast<Context*>(parser->data); }

http_parser_settings make_settings() {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_message_begin = [](http_parser* parser) {
    context(parser).reading.messages.emplace_back();
    context(parser).in_value = false;
    return 0;
  };
  settings.on_url = [](http_parser* parser, const char* at, std::size_t size) {
    context(parser).last().target.append(at, size);
    return 0;
  };
  settings.on_header_field = [](http_parser* parser, const char* at, std::size_t size) {
    auto& fields = context(parser).last().fields;
    if (fields.empty() || context(parser).in_value) fields.emplace_back();
    context(parser).in_value = false;
    fields.back().first.append(at, size);
    return 0;
  };
  settings.on_header_value = [](http_parser* parser, const char* at, std::size_t size) {
    context(parser).in_value = true;
    context(parser).last().fields.back().second.append(at, size);
    return 0;
  };
  settings.on_headers_complete = [](http_parser* parser) {
    OracleMessage& message = context(parser).last();
    if (parser->type == HTTP_REQUEST) {
      message.method = http_method_str(static_cast<http_method>(parser->method));
    }
    message.status = parser->status_code;
    // RFC 9112 6.3: none of these has content; the parser wants to be told.
    const bool bodiless = (context(parser).head_request && message.status >= 200) ||
                          message.status == 204 || message.status == 304;
    return bodiless ? 1 : 0;
  };
  settings.on_body = [](http_parser* parser, const char* at, std::size_t size) {
    context(parser).last().body.append(at, size);
    return 0;
  };
  settings.on_message_complete = [](http_parser* parser) {
    context(parser).last().complete = true;
    return 0;
  };
  return settings;
}

// A line begins with "Transfer-Encoding" and goes on otherwise than with a colon.
bool has_longer_name(std::string_view octets) {
  static constexpr std::string_view kName = "\ntransfer-encoding";
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  auto from = octets.begin();
  for (;;) {
    const auto found = std::search(from, octets.end(), kName.begin(), kName.end(), same);
    if (found == octets.end()) return false;
    from = found + static_cast<std::ptrdiff_t>(kName.size());
    if (from != octets.end() && *from != ':') return true;
  }
}

OracleReading read(http_parser_type type, std::string_view octets, bool head_request, bool ended) {
  static const http_parser_settings kSettings = make_settings();
  Context context;
  context.head_request = head_request;
  http_parser parser;
  http_parser_init(&parser, type);
  parser.data = &context;
  std::size_t parsed = http_parser_execute(&parser, &kSettings, octets.data(), octets.size());
  if (ended && HTTP_PARSER_ERRNO(&parser) == HPE_OK && !parser.upgrade) {
    http_parser_execute(&parser, &kSettings, nullptr, 0);
  }
  const http_errno error = HTTP_PARSER_ERRNO(&parser);
  context.reading.competent = error != HPE_INVALID_METHOD && !has_longer_name(octets);
  if (error != HPE_OK) {
    context.reading.error = http_errno_description(error);
  } else if (parsed != octets.size()) {
    context.reading.error = "octets were left over";
  }
  return context.reading;
}

}  // namespace

OracleReading oracle_requests(std::string_view octets) {
  return read(HTTP_REQUEST, octets, false, false);
}

OracleReading oracle_responses(std::string_view octets, bool head_request, bool ended) {
  return read(HTTP_RESPONSE, octets, head_request, ended);
}

void disagree(const char* what, std::string_view octets) {
  std::fprintf(stderr, "not so: %s\n--- octets ---\n", what);
  std::fwrite(octets.data(), 1, octets.size(), stderr);
  std::fprintf(stderr, "\n--- end ---\n");
  std::abort();
}

}  // namespace gatehouse::fuzz
