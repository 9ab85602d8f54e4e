// SPDX-License-Identifier: Apache-2.0
#include "bench/load_options.h"

#include <arpa/inet.h>

namespace gatehouse::bench {
namespace {

constexpr char kBrowserFields[] =
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: "
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Referer: http://www.example.com/section/overview.html\r\n"
    "DNT: 1\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Cookie: session=5f2b8c1de97a4d3f; consent=all\r\n"
    "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    "Priority: u=0, i\r\n";

// The key of RFC 6455, section 1.3; the origin has the answer to it.
constexpr char kUpgradeFields[] =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

bool* flag_named(Options& options, const std::string& name) {
  if (name == "--fresh") return &options.fresh;
  if (name == "--browser") return &options.browser;
  if (name == "--upgrade") return &options.upgrade;
  return name == "--not-http" ? &options.not_http : nullptr;
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (bool* flag = flag_named(options, name)) {
      *flag = true;
      continue;
    }
    if (++i == argc) die(name + " needs a value");
    const char* value = argv[i];
    if (name == "--to") {
      options.to = value;
    } else if (name == "--path") {
      options.path = value;
    } else if (name == "--hold") {
      options.hold = value;
    } else if (name == "--connections") {
      options.connections = number(value, name);
    } else if (name == "--seconds") {
      options.seconds = real_number(value, name);
    } else if (name == "--warm-up") {
      options.warm_up = real_number(value, name);
    } else if (name == "--requests") {
      options.requests = number(value, name);
    } else if (name == "--rate") {
      options.rate = real_number(value, name);
    } else if (name == "--put") {
      options.put = number(value, name);
    } else if (name == "--sources") {
      options.sources = number(value, name);
    } else if (name == "--per-second") {
      options.per_second = number(value, name);
    } else {
      die("there is no option " + name + "; load_options.h lists them");
    }
  }
  if (options.to.empty()) die("--to ADDRESS:PORT is missing");
  if (options.connections == 0) die("--connections is 0");
  return options;
}

Plan make_plan(const Options& options) {
  Plan plan;
  plan.to = endpoint(options.to);
  const in_addr first = address("10.99.1.11");
  for (std::size_t i = 0; i < options.sources; ++i) {
    plan.sources.push_back({htonl(ntohl(first.s_addr) + static_cast<std::uint32_t>(i))});
  }
  const char* method = options.put > 0 ? "PUT " : options.not_http ? "\x01 " : "GET ";
  plan.head = method + options.path + " HTTP/1.1\r\nHost: www.example.com\r\n";
  if (options.browser) plan.head += kBrowserFields;
  if (options.fresh || options.not_http) plan.head += "Connection: close\r\n";
  if (options.upgrade) plan.head += kUpgradeFields;
  if (options.put > 0) plan.head += "Content-Length: " + std::to_string(options.put) + "\r\n";
  plan.head += "\r\n";
  plan.body = plain_body(1 << 20);
  plan.body_size = options.put;
  plan.fresh = options.fresh || options.upgrade || options.not_http;
  plan.expected = options.upgrade ? "HTTP/1.1 101 " : "HTTP/1.1 200 ";
  plan.unread = options.hold == "slow";
  return plan;
}

}  // namespace gatehouse::bench
