// SPDX-License-Identifier: Apache-2.0
// Wrong configurations of where to go, of names, limits and error pages, and exactly what is
// said about each.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/config.h"

namespace gatehouse::config {
namespace {

const Surroundings kAround{4, "pseudo"};  // no DNS server is known

struct Case {
  const char* text;
  std::vector<std::string> errors;  // of a file called "c"
};

// clang-format off: long sentences are compared as they are.
const Case kCases[] = {
    {R"([forward]
ports = 80
connect_ports = ["https", "0", "443-80", "65536", 443, -1, "080", "440-450"]
)",
     {"c:2:9: [forward] ports: is 80; valid is an array of at most 64 ports and ranges such as "
      "[\"80\", \"1024-65535\"]",
      "c:3:18: [forward] connect_ports: holds \"https\"; valid is an array of at most 64 ports "
      "and ranges such as [\"80\", \"1024-65535\"]",
      "c:3:27: [forward] connect_ports: holds \"0\"; valid is an array of at most 64 ports and "
      "ranges such as [\"80\", \"1024-65535\"]",
      "c:3:32: [forward] connect_ports: holds \"443-80\"; valid is an array of at most 64 "
      "ports and ranges such as [\"80\", \"1024-65535\"]",
      "c:3:42: [forward] connect_ports: holds \"65536\"; valid is an array of at most 64 ports "
      "and ranges such as [\"80\", \"1024-65535\"]",
      "c:3:56: [forward] connect_ports: holds -1; valid is an array of at most 64 ports and "
      "ranges such as [\"80\", \"1024-65535\"]",
      "c:3:60: [forward] connect_ports: holds \"080\"; valid is an array of at most 64 ports "
      "and ranges such as [\"80\", \"1024-65535\"]",
      "c:3:67: [forward] connect_ports: holds 440-450 beside 443; valid is each port once"}},
    {R"([forward]
port = ["80"]
)",
     {"c:2:1: [forward] port: is no key of this section (did you mean ports?); valid is ports, "
      "connect_ports, allow_private, source_address"}},
    {R"([forward]
allow_private = ["203.0.113.0/24", "127.0.0.0/8", "10.0.0.0/8", "::1"]
source_address = "Client"
)",
     {"c:2:18: [forward] allow_private: \"203.0.113.0/24\" is not private, so that nothing "
      "would change; valid is a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, "
      "100.64.0.0/10 or fc00::/7 (loopback and link-local ones are lifted with gatehoused "
      "--allow-destination)",
      "c:2:36: [forward] allow_private: \"127.0.0.0/8\" is not private, so that nothing would "
      "change; valid is a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 or "
      "fc00::/7 (loopback and link-local ones are lifted with gatehoused --allow-destination)",
      "c:2:65: [forward] allow_private: \"::1\" is not private, so that nothing would change; "
      "valid is a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 or fc00::/7 "
      "(loopback and link-local ones are lifted with gatehoused --allow-destination)",
      "c:3:18: [forward] source_address: is \"Client\" (did you mean \"client\"?); valid is "
      "\"own\" or \"client\""}},
    {R"([resolver]
servers = []
timeout = "1m"
tries = 0
)",
     {"c:2:11: [resolver] servers: holds 0 servers; valid is an array of 1 to 8 addresses such "
      "as [\"192.0.2.53\"] (or leave it out: those of /etc/resolv.conf)",
      "c:3:11: [resolver] timeout: is \"1m\"; valid is a time from \"100ms\" to \"10s\", in "
      "whole ms, s, m or h, such as \"10s\"",
      "c:4:9: [resolver] tries: is 0; valid is an integer from 1 to 5"}},
    {R"([resolver]
servers = "192.0.2.53"
)",
     {"c:2:11: [resolver] servers: is \"192.0.2.53\"; valid is an array of 1 to 8 addresses "
      "such as [\"192.0.2.53\"] (or leave it out: those of /etc/resolv.conf)"}},
    {R"([resolver]
servers = ["dns.example", "0.0.0.0", "ff02::fb", "::ffff:192.0.2.53", "192.0.2.53", "192.0.2.53:53", "fe80::1%eth0", 53]
)",
     {"c:2:12: [resolver] servers: holds \"dns.example\"; valid is an IP address, with a port "
      "where it is not 53, such as \"192.0.2.53\" or \"[2001:db8::53]:5353\"",
      "c:2:27: [resolver] servers: \"0.0.0.0\" means no particular host; valid is an IP "
      "address, with a port where it is not 53, such as \"192.0.2.53\" or "
      "\"[2001:db8::53]:5353\"",
      "c:2:38: [resolver] servers: \"ff02::fb\" is a multicast address; valid is an IP "
      "address, with a port where it is not 53, such as \"192.0.2.53\" or "
      "\"[2001:db8::53]:5353\"",
      "c:2:50: [resolver] servers: \"::ffff:192.0.2.53\" is an IPv4 address in IPv6 clothes; "
      "valid is an IP address, with a port where it is not 53, such as \"192.0.2.53\" or "
      "\"[2001:db8::53]:5353\"",
      "c:2:85: [resolver] servers: \"192.0.2.53:53\" is there twice; valid is each server once",
      "c:2:102: [resolver] servers: holds \"fe80::1%eth0\"; valid is an IP address, with a "
      "port where it is not 53, such as \"192.0.2.53\" or \"[2001:db8::53]:5353\"",
      "c:2:118: [resolver] servers: holds 53; valid is an IP address, with a port where it is "
      "not 53, such as \"192.0.2.53\" or \"[2001:db8::53]:5353\""}},
    {R"([resolver]
nameservers = ["192.0.2.53"]
)",
     {"c:2:1: [resolver] nameservers: is no key of this section; valid is servers, timeout, "
      "tries"}},
    {R"(resolver = "192.0.2.53"
)",
     {"c:1:1: resolver: is a string; valid is a section, written [resolver]"}},
    {R"([gateway]
host_check = "on"
)",
     {"c:2:14: [gateway] host_check: is \"on\"; valid is \"off\", \"tag\" or \"enforce\""}},
    {R"([gateway]
host_check = "tag"
)",
     {"c:2:14: [gateway] host_check: needs names to be resolved, and no DNS server is known: "
      "[resolver] servers is not there, and /etc/resolv.conf of this host has none; valid with "
      "[resolver] servers = [\"192.0.2.53\"], the addresses of yours"}},
    {R"([timeouts]
tunnel = 3600
)",
     {"c:2:10: [timeouts] tunnel: is 3600, a number without a unit; valid is a time from "
      "\"100ms\" to \"24h\", in whole ms, s, m or h, such as \"10s\""}},
    {R"([limits]
min_rate = 500
)",
     {"c:2:12: [limits] min_rate: is 500, a number without a unit; valid is \"off\" or a rate "
      "from \"1B/s\" to \"1MiB/s\", in whole B/s, KiB/s or MiB/s, such as \"500B/s\""}},
    {R"([limits]
min_rate = "500B"
connections_per_source = 0
)",
     {"c:2:12: [limits] min_rate: is \"500B\"; valid is \"off\" or a rate from \"1B/s\" to "
      "\"1MiB/s\", in whole B/s, KiB/s or MiB/s, such as \"500B/s\"",
      "c:3:26: [limits] connections_per_source: is 0; valid is \"unlimited\" or an integer "
      "from 1 to 8000"}},
    {R"([limits]
min_rate = "0B/s"
connections_per_source = "none"
)",
     {"c:2:12: [limits] min_rate: is \"0B/s\"; valid is \"off\" or a rate from \"1B/s\" to "
      "\"1MiB/s\", in whole B/s, KiB/s or MiB/s, such as \"500B/s\"",
      "c:3:26: [limits] connections_per_source: is \"none\"; valid is \"unlimited\" or an "
      "integer from 1 to 8000"}},
    {R"([limits]
min_rate = "2MiB/s"
)",
     {"c:2:12: [limits] min_rate: is \"2MiB/s\"; valid is \"off\" or a rate from \"1B/s\" to "
      "\"1MiB/s\", in whole B/s, KiB/s or MiB/s, such as \"500B/s\""}},
    {R"([errors]
template = 5
)",
     {"c:2:12: [errors] template: is 5; valid is an HTML page of at most 16 KiB, in three "
      "quotes, or \"\""}},
    {R"([errors]
template = """
<h1>{{status}} {{Reason}}</h1>
"""
)",
     {"c:2:12: [errors] template: has {{Reason}} in its line 1, which is no placeholder (did "
      "you mean {{reason}}?); valid is {{status}} {{reason}} {{sentence}} {{reference}} {{rule}}"}},
    {R"([errors]
template = """
<h1>{{status}}</h1>
<p>{{ sentence }}</p>
"""
)",
     {"c:2:12: [errors] template: has {{ sentence }} in its line 2, which is no placeholder "
      "(did you mean {{sentence}}?); valid is {{status}} {{reason}} {{sentence}} {{reference}} "
      "{{rule}}"}},
    {R"([errors]
template = "<h1>{{status</h1>"
)",
     {"c:2:12: [errors] template: has {{ in its line 1, and no }} after it; valid is "
      "{{status}} {{reason}} {{sentence}} {{reference}} {{rule}}"}},
    {R"([errors]
template = "<h1>\u0007</h1>"
)",
     {"c:2:12: [errors] template: has a control character in its line 1; valid is an HTML page "
      "without any"}},
    {R"([errors]
template_file = "/etc/gatehouse/error.html"
)",
     {"c:2:1: [errors] template_file: is no key of this section; valid is template"}},
    {R"([errors]
template = "/etc/gatehouse/error.html"
)",
     {"c:2:12: [errors] template: is \"/etc/gatehouse/error.html\", which is no HTML (no file "
      "is opened); valid is the page itself, in three quotes"}},
};
// clang-format on

TEST(ConfigWrongSections, EveryCaseSaysExactlyWhatIsWrong) {
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.text);
    const Outcome outcome = parse(one.text, "c", kAround);
    EXPECT_EQ(outcome.errors, one.errors);
    EXPECT_EQ(outcome.config.ByteSizeLong(), 0U) << "a wrong text leaves no configuration";
  }
}

TEST(ConfigWrongSections, TooLongATemplateAndTooManyOfThings) {
  const auto error = [](const std::string& text) {
    const Outcome outcome = parse(text, "c", kAround);
    return outcome.errors.empty() ? std::string("none") : outcome.errors[0];
  };
  std::string page = "<p>";
  while (page.size() <= 16 * 1024) page += std::string(1000, 'x') + "\n";
  EXPECT_EQ(error("[errors]\ntemplate = \"\"\"" + page + "\"\"\"\n"),
            "c:2:12: [errors] template: has " + std::to_string(page.size()) +
                " octets; valid is an HTML page of at most 16 KiB");
  std::string many = "<p>";
  for (int i = 0; i < 33; ++i) many += "{{status}}";
  EXPECT_EQ(error("[errors]\ntemplate = \"" + many + "\"\n"),
            "c:2:12: [errors] template: has more than 32 placeholders; valid is an HTML page with "
            "fewer");
  std::string ports = "[forward]\nports = [1";
  for (int i = 2; i <= 65; ++i) ports += ", " + std::to_string(i);
  EXPECT_EQ(error(ports + "]\n"),
            "c:2:9: [forward] ports: holds 65 of them; valid is an array of at most 64 ports and "
            "ranges such as [\"80\", \"1024-65535\"]");
}

// What the host's file has and can't be used is part of the sentence.
TEST(ConfigWrongSections, AHostWithoutAUsableServer) {
  const Outcome outcome = parse("[gateway]\nhost_check = \"enforce\"\n", "c",
                                {4, "pseudo", "search example\nnameserver fe80::1%eth0\n"});
  EXPECT_EQ(
      outcome.errors,
      std::vector<std::string>{
          "c:2:14: [gateway] host_check: needs names to be resolved, and no DNS server is "
          "known: [resolver] servers is not there, and /etc/resolv.conf of this host has none "
          "that can be used (/etc/resolv.conf:2: nameserver fe80::1%eth0 is not used: an "
          "address with a zone is none that the gateway can ask); valid with [resolver] "
          "servers = [\"192.0.2.53\"], the addresses of yours"});
}

}  // namespace
}  // namespace gatehouse::config
