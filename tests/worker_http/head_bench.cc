// SPDX-License-Identifier: Apache-2.0
// Nanoseconds per head: our parser, rules and writer, and Boost.Beast with the scan of the raw head
// that it would need in front (it accepts folding and doesn't bound lines). Not a test: run by
// hand.
#include <boost/beast/http/basic_parser.hpp>
#include <chrono>
#include <cstdio>
#include <string>

#include "worker/http/head_parser.h"
#include "worker/http/head_writer.h"
#include "worker/http/request_rules.h"
#include "worker/http/response_rules.h"
#include "worker/http/scan.h"

namespace gatehouse::worker::http {
namespace {

namespace beast = boost::beast::http;

const std::string kBrowser =
    "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n"
    "Host: www.kittyhell.com\r\n"
    "User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) "
    "Gecko/20100401 Firefox/3.6.3 Pathtraq/0.9\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n"
    "Accept-Encoding: gzip,deflate\r\n"
    "Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n"
    "Cache-Control: max-age=0\r\n"
    "Referer: http://www.kittyhell.com/\r\n"
    "DNT: 1\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: wp_ozh_wsa_visits=2; a=b\r\n\r\n";
const std::string kSmall = "GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n";
const std::string kResponse =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
    "Content-Type: text/html\r\nContent-Length: 1024\r\n"
    "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nConnection: keep-alive\r\n"
    "ETag: \"6592\"\r\nAccept-Ranges: bytes\r\n\r\n";

template <class Work>
void measure(const char* name, const Work& work) {
  constexpr int kRounds = 200000;
  double best = 1e9;
  for (int repeat = 0; repeat < 7; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRounds; ++i) work();
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    best = std::min(best, spent.count() / kRounds);
  }
  std::printf("%-46s %7.1f ns\n", name, best);
}

// Keeps what a relay would keep: offsets and a field id.
template <bool kRequest>
class BeastView : public beast::basic_parser<kRequest> {
  using error_code = boost::beast::error_code;
  using view = boost::beast::string_view;

 public:
  int count = 0;
  Field fields[kMaxFields];

 private:
  void on_request_impl(beast::verb, view, view, int, error_code&) override {}
  void on_response_impl(int, view, int, error_code&) override {}
  void on_field_impl(beast::field id, view name, view value, error_code&) override {
    Field& field = fields[count++];
    field.name_size = static_cast<std::uint16_t>(name.size());
    field.value_size = static_cast<std::uint16_t>(value.size());
    field.name_begin = static_cast<std::uint32_t>(id);
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, view body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

// Not inlined, so that it isn't computed once for all rounds.
// Line ends, folding, controls, line and field limits over the raw head.
[[gnu::noipa]] bool prescan(const std::string& octets, const HeadLimits& limits) {
  const char* line = octets.data();
  const char* const end = line + octets.size();
  for (std::uint32_t lines = 0; lines <= limits.fields + 1; ++lines) {
    const char* const stop = skip_value(line, end);
    if (end - stop < 2 || stop[0] != '\r' || stop[1] != '\n') return false;
    if (stop == line) return true;
    if (is_blank(*line) || stop - line > limits.field_line) return false;
    line = stop + 2;
  }
  return false;
}

template <bool kRequest>
void run_beast(const std::string& octets) {
  BeastView<kRequest> parser;
  parser.body_limit(boost::none);
  parser.header_limit(32768);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(octets), error);
  if (error) std::abort();
}

void run() {
  HeadParser requests(MessageKind::kRequest);
  HeadParser responses(MessageKind::kResponse);
  RequestSettings settings;
  settings.via_pseudonym = "gw-1234";
  const Endpoint destination{{AF_INET, {192, 0, 2, 1}}, 80};
  RequestPlan plan;
  ResponsePlan response_plan;
  RequestWriteOptions options;
  options.via_pseudonym = settings.via_pseudonym;
  static char out[4096];

  const auto parse = [](HeadParser& parser, const std::string& octets) {
    parser.reset();
    if (parser.parse(octets) != ParseStatus::kComplete) std::abort();
  };
  std::printf("request of %zu octets, 11 fields; small one of %zu; response of %zu\n",
              kBrowser.size(), kSmall.size(), kResponse.size());
  measure("parse request", [&] { parse(requests, kBrowser); });
  measure("parse small request", [&] { parse(requests, kSmall); });
  measure("parse response", [&] { parse(responses, kResponse); });
  measure("parse, check and write request", [&] {
    parse(requests, kBrowser);
    if (check_request(requests.head(), settings, destination, plan) != Refusal::kNone) std::abort();
    if (write_request_head(requests.head(), plan, options, out) == 0) std::abort();
  });
  measure("parse, check and write response", [&] {
    parse(responses, kResponse);
    if (check_response(responses.head(), plan.facts, 0, 16, response_plan) != Refusal::kNone) {
      std::abort();
    }
    if (write_response_head(responses.head(), response_plan, plan.facts, {}, out) == 0)
      std::abort();
  });
  measure("Beast request", [] { run_beast<true>(kBrowser); });
  measure("Beast response", [] { run_beast<false>(kResponse); });
  measure("scan before Beast, request", [] {
    if (!prescan(kBrowser, {})) std::abort();
  });
  measure("scan before Beast and Beast, request", [] {
    if (!prescan(kBrowser, {})) std::abort();
    run_beast<true>(kBrowser);
  });
}

}  // namespace
}  // namespace gatehouse::worker::http

int main() { gatehouse::worker::http::run(); }
