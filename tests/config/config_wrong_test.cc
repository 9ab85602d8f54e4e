// SPDX-License-Identifier: Apache-2.0
// Wrong configurations and exactly what is said about each.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"

namespace gatehouse::config {
namespace {

const Surroundings kAround{4, "pseudo"};  // no DNS server is known

struct Case {
  const char* text;
  std::vector<std::string> errors;  // of a file called "c"
};

// clang-format off: long sentences are compared as they are.
const Case kCases[] = {
    {R"([gatway]
)",
     {"c:1:2: [gatway]: is no section (did you mean gateway?); valid is [gateway], [[listen]], "
      "[forward], [resolver], [[upstream]], [log], [timeouts], [limits], [quota] or [errors]"}},
    {R"(workers = 4
)",
     {"c:1:1: workers: stands outside of any section; valid is [gateway], [[listen]], "
      "[forward], [resolver], [[upstream]], [log], [timeouts], [limits], [quota] or [errors]"}},
    {R"(lissten = 1
)",
     {"c:1:1: lissten: stands outside of any section; valid is [gateway], [[listen]], "
      "[forward], [resolver], [[upstream]], [log], [timeouts], [limits], [quota] or [errors]"}},
    {R"(log = "stdout"
)",
     {"c:1:1: log: is a string; valid is a section, written [log]"}},
    {R"([gateway]
worker = 4
)",
     {"c:2:1: [gateway] worker: is no key of this section (did you mean workers?); valid is "
      "workers, source_address, clients, via, via_pseudonym, sockets_per_listener, host_check, "
      "policy"}},
    {R"([gateway]
colour = "red"
)",
     {"c:2:1: [gateway] colour: is no key of this section; valid is workers, source_address, "
      "clients, via, via_pseudonym, sockets_per_listener, host_check, policy"}},
    {R"([gateway]
workers = 0
)",
     {"c:2:11: [gateway] workers: is 0; valid is \"auto\" (one for each processor) or an integer "
      "from 1 to 64"}},
    {R"([gateway]
workers = 65
)",
     {"c:2:11: [gateway] workers: is 65; valid is \"auto\" (one for each processor) or an integer "
      "from 1 to 64"}},
    {R"([gateway]
workers = "many"
)",
     {"c:2:11: [gateway] workers: is \"many\"; valid is \"auto\" (one for each processor) or an "
      "integer from 1 to 64"}},
    {R"([gateway]
workers = true
)",
     {"c:2:11: [gateway] workers: is a boolean; valid is \"auto\" (one for each processor) or an "
      "integer from 1 to 64"}},
    {R"([gateway]
source_address = "clinet"
)",
     {"c:2:18: [gateway] source_address: is \"clinet\" (did you mean \"client\"?); valid is "
      "\"client\" or \"own\""}},
    {R"([gateway]
source_address = ["client"]
)",
     {"c:2:18: [gateway] source_address: is an array; valid is \"client\" or \"own\""}},
    {R"([gateway]
via = "on"
)",
     {"c:2:7: [gateway] via: is \"on\"; valid is \"off\", \"request\" or \"both\""}},
    {R"([gateway]
clients = "10.0.0.0/8"
)",
     {"c:2:11: [gateway] clients: is a string; valid is an array of networks such as "
      "[\"10.0.0.0/8\", \"fd00::/8\"]"}},
    {R"([gateway]
clients = [10, "10.0.0.0/33", "10.1.2.3/8", "::ffff:10.0.0.0/104", "example.org", "fd00::1/64"]
)",
     {"c:2:12: [gateway] clients: holds an integer; valid is a network such as \"10.0.0.0/8\" or "
      "\"fd00::/8\"",
      "c:2:16: [gateway] clients: \"10.0.0.0/33\" is no network in CIDR form; valid is a network "
      "such as \"10.0.0.0/8\" or \"fd00::/8\"",
      "c:2:31: [gateway] clients: \"10.1.2.3/8\" has bits set beyond its prefix; valid is "
      "\"10.0.0.0/8\" or another prefix",
      "c:2:45: [gateway] clients: \"::ffff:10.0.0.0/104\" is an IPv4 network in IPv6 clothes and "
      "would match nothing; valid is its IPv4 form",
      "c:2:68: [gateway] clients: \"example.org\" is no network in CIDR form; valid is a network "
      "such as \"10.0.0.0/8\" or \"fd00::/8\"",
      "c:2:83: [gateway] clients: \"fd00::1/64\" has bits set beyond its prefix; valid is "
      "\"fd00::/64\" or another prefix"}},
    {R"([gateway]
via_pseudonym = "two words"
)",
     {"c:2:17: [gateway] via_pseudonym: is \"two words\"; valid is 1 to 64 letters, digits or any "
      "of !#$%&'*+-.^_`|~"}},
    {R"([gateway]
via_pseudonym = ""
)",
     {"c:2:17: [gateway] via_pseudonym: is \"\"; valid is 1 to 64 letters, digits or any of "
      "!#$%&'*+-.^_`|~"}},
    {R"([gateway]
workers = 8
sockets_per_listener = 4
)",
     {"c:3:24: [gateway] sockets_per_listener: is 4, so that some of the 8 workers would have "
      "nothing to accept from; valid is an integer from 8 to 64"}},
    {R"([gateway]
sockets_per_listener = 1000
)",
     {"c:2:24: [gateway] sockets_per_listener: is 1000; valid is an integer from 1 to 64"}},
    {R"([listen]
port = 1
)",
     {"c:1:2: listen: is a table; valid is one [[listen]] section (in double brackets) for each "
      "listener"}},
    {R"(listen = []
)",
     {"c:1:1: listen: is an array; valid is one [[listen]] section (in double brackets) for each "
      "listener"}},
    {R"([[listen]]
port = 0
)",
     {"c:2:8: [[listen]] port: is 0; valid is an integer from 1 to 65535"}},
    {R"([[listen]]
port = "8888"
)",
     {"c:2:8: [[listen]] port: is \"8888\"; valid is an integer from 1 to 65535"}},
    {R"([[listen]]
port = 70000
address = "localhost"
)",
     {"c:2:8: [[listen]] port: is 70000; valid is an integer from 1 to 65535",
      "c:3:11: [[listen]] address: is \"localhost\"; valid is an IPv4 or IPv6 address of this "
      "host, \"0.0.0.0\" or \"::\" (or leave it out: both)"}},
    {R"([[listen]]
address = "224.0.0.1"
)",
     {"c:2:11: [[listen]] address: is \"224.0.0.1\", a multicast address; valid is an IPv4 or IPv6 "
      "address of this host, \"0.0.0.0\" or \"::\" (or leave it out: both)"}},
    {R"([[listen]]
address = "::ffff:192.0.2.1"
)",
     {"c:2:11: [[listen]] address: is \"::ffff:192.0.2.1\", an IPv4 address in IPv6 clothes; valid "
      "is an IPv4 or IPv6 address of this host, \"0.0.0.0\" or \"::\" (or leave it out: both)"}},
    {R"([[listen]]
[[listen]]
)",
     {"c:2:1: [[listen]] port: 0.0.0.0:8888 is listened on already by the [[listen]] at line 1; "
      "valid is another port or address"}},
    {R"([[listen]]
address = "192.0.2.1"

[[listen]]
)",
     {"c:4:1: [[listen]] port: 0.0.0.0:8888 overlaps with 192.0.2.1:8888 by the [[listen]] at line "
      "1; valid is another port, or addresses of their own in both"}},
    {R"([[listen]]
port = 1
[[listen]]
port = 1
address = "::"
)",
     {"c:3:1: [[listen]] port: [::]:1 is listened on already by the [[listen]] at line 1; valid is "
      "another port or address"}},
    {R"([[listen]]
intercept.ports = []
)",
     {"c:2:19: [[listen]] intercept.ports: holds 0 ports; valid is an array of 1 to 64 port "
      "numbers from 1 to 65535, such as [80, 8080]"}},
    {R"([[listen]]
intercept.ports = [80, 0, 80, "http", 65536]
)",
     {"c:2:24: [[listen]] intercept.ports: holds 0; valid is an array of 1 to 64 port numbers from "
      "1 to 65535, such as [80, 8080]",
      "c:2:27: [[listen]] intercept.ports: holds 80 twice; valid is each port once",
      "c:2:31: [[listen]] intercept.ports: holds \"http\"; valid is an array of 1 to 64 port "
      "numbers from 1 to 65535, such as [80, 8080]",
      "c:2:39: [[listen]] intercept.ports: holds 65536; valid is an array of 1 to 64 port numbers "
      "from 1 to 65535, such as [80, 8080]"}},
    {R"([[listen]]
intercept = 80
)",
     {"c:2:13: [[listen]] intercept: is 80; valid is a table such as { ports = [80] }"}},
    {R"([[listen]]
intercept = { ports = [80], interfaces = ["lan0"] }
)",
     {"c:2:29: [[listen]] intercept.interfaces: is no key of this section; valid is ports"}},
    {R"([[listen]]
prot = 8080
)",
     {"c:2:1: [[listen]] prot: is no key of this section (did you mean port?); valid is mode, "
      "address, port, proxy_from, intercept, on_not_http"}},
    {R"([log]
target = "stderr"
)",
     {"c:2:10: [log] target: is \"stderr\"; valid is \"file\", \"stdout\" or \"off\""}},
    {R"([log]
file = "/var/log/x"
)",
     {"c:2:8: [log] file: is \"/var/log/x\"; valid is a plain name within the log directory, such "
      "as \"access.log\" (letters, digits, '.', '_', '-')"}},
    {R"([log]
file = ".hidden"
)",
     {"c:2:8: [log] file: is \".hidden\"; valid is a plain name within the log directory, such as "
      "\"access.log\" (letters, digits, '.', '_', '-')"}},
    {R"([log]
format = "xml"
level = "debug"
)",
     {"c:2:10: [log] format: is \"xml\"; valid is \"json\" or \"combined\"",
      "c:3:1: [log] level: is no key of this section; valid is target, file, format"}},
    {R"([timeouts]
head = 10
)",
     {"c:2:8: [timeouts] head: is 10, a number without a unit; valid is a time from \"100ms\" to "
      "\"24h\", in whole ms, s, m or h, such as \"10s\""}},
    {R"([timeouts]
head = "10"
)",
     {"c:2:8: [timeouts] head: is \"10\"; valid is a time from \"100ms\" to \"24h\", in whole ms, "
      "s, m or h, such as \"10s\""}},
    {R"([timeouts]
head = "10 s"
)",
     {"c:2:8: [timeouts] head: is \"10 s\"; valid is a time from \"100ms\" to \"24h\", in whole "
      "ms, s, m or h, such as \"10s\""}},
    {R"([timeouts]
head = "10sec"
idle = "0s"
connect = "1h"
response = "2d"
stall = -1
drain = "2h"
upstreamidle = "1s"
)",
     {"c:2:8: [timeouts] head: is \"10sec\"; valid is a time from \"100ms\" to \"24h\", in whole "
      "ms, s, m or h, such as \"10s\"",
      "c:3:8: [timeouts] idle: is \"0s\"; valid is a time from \"100ms\" to \"24h\", in whole ms, "
      "s, m or h, such as \"10s\"",
      "c:4:11: [timeouts] connect: is \"1h\"; valid is a time from \"100ms\" to \"5m\", in whole "
      "ms, s, m or h, such as \"10s\"",
      "c:5:12: [timeouts] response: is \"2d\"; valid is a time from \"100ms\" to \"24h\", in whole "
      "ms, s, m or h, such as \"10s\"",
      "c:6:9: [timeouts] stall: is -1, a number without a unit; valid is a time from \"100ms\" to "
      "\"24h\", in whole ms, s, m or h, such as \"10s\"",
      "c:7:9: [timeouts] drain: is \"2h\"; valid is a time from \"0ms\" to \"1h\", in whole ms, s, "
      "m or h, such as \"10s\"",
      "c:8:1: [timeouts] upstreamidle: is no key of this section (did you mean upstream_idle?); "
      "valid is head, idle, connect, response, stall, drain, upstream_idle, tunnel"}},
    {R"([limits]
request_line = 8000
)",
     {"c:2:16: [limits] request_line: is 8000, a number without a unit; valid is a size from "
      "\"256B\" to \"64KiB\", in whole B, KiB, MiB or GiB, such as \"8KiB\""}},
    {R"([limits]
field_line = "8kb"
head = "1GiB"
fields = 1
)",
     {"c:2:14: [limits] field_line: is \"8kb\"; valid is a size from \"256B\" to \"64KiB\", in "
      "whole B, KiB, MiB or GiB, such as \"8KiB\"",
      "c:3:8: [limits] head: is \"1GiB\"; valid is a size from \"1KiB\" to \"64KiB\", in whole B, "
      "KiB, MiB or GiB, such as \"8KiB\"",
      "c:4:10: [limits] fields: is 1; valid is an integer from 8 to 1000"}},
    {R"([limits]
head = "4KiB"
)",
     {"c:1:1: [limits] head: is 4KiB, less than request_line (8000B) or field_line (8KiB), which "
      "are parts of the head; valid is at least the larger of the two"}},
    {R"([limits]
body = "0B"
)",
     {"c:2:8: [limits] body: is \"0B\"; valid is \"unlimited\" or a size in whole B, KiB, MiB or "
      "GiB, such as \"10MiB\""}},
    {R"([limits]
body = 10
connections = 100000
interim_responses = 1.5
)",
     {"c:2:8: [limits] body: is 10; valid is \"unlimited\" or a size in whole B, KiB, MiB or GiB, "
      "such as \"10MiB\"",
      "c:3:15: [limits] connections: is 100000; valid is an integer from 1 to 8000",
      "c:4:21: [limits] interim_responses: is a number with a fraction; valid is an integer from 1 "
      "to 100"}},
    {R"([quota]
burst = -1
per_second = 1979-05-27
)",
     {"c:2:9: [quota] burst: is -1; valid is an integer from 1 to 10000",
      "c:3:14: [quota] per_second: is a date or time; valid is an integer from 1 to 10000"}},
    {R"([quota]
burst = 99999999999
)",
     {"c:2:9: [quota] burst: is 99999999999; valid is an integer from 1 to 10000"}},
    {R"([gateway
)",
     {"c:1:9: syntax: Error while parsing table header: expected ']', saw '\\n'"}},
    {R"([gateway]
workers = 4
workers = 5
)",
     {"c:3:11: syntax: Error while parsing key-value pair: cannot redefine existing integer "
      "'workers'"}},
    {R"([gateway]
via = "request
)",
     {"c:2:15: syntax: Error while parsing string: unescaped control characters other than TAB "
      "(U+0009) are explicitly prohibited"}},
    {R"(a b
)",
     {"c:1:3: syntax: Error while parsing key-value pair: expected '=', saw 'b'"}},
    {R"([gateway]
"\u001b[2J" = 1
)",
     {"c:2:1: [gateway] \\x1b[2J: is no key of this section; valid is workers, source_address, "
      "clients, via, via_pseudonym, sockets_per_listener, host_check, policy"}},
    {R"([gateway]
via = "\u001b[31m"
)",
     {"c:2:7: [gateway] via: is \"\\x1b[31m\"; valid is \"off\", \"request\" or \"both\""}},
};
// clang-format on

TEST(ConfigWrong, EveryCaseSaysExactlyWhatIsWrong) {
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.text);
    const Outcome outcome = parse(one.text, "c", kAround);
    EXPECT_EQ(outcome.errors, one.errors);
    EXPECT_EQ(outcome.config.ByteSizeLong(), 0U) << "a wrong text leaves no configuration";
  }
}

TEST(ConfigWrong, MistakesFollowTheTextAndAreCountedAfterTwenty) {
  std::string text = "[quota]\nburst = 0\n[limits]\n";
  for (int i = 0; i < 30; ++i) text += "x" + std::to_string(i) + " = 1\n";
  const Outcome outcome = parse(text, "file.toml", kAround);
  ASSERT_EQ(outcome.errors.size(), kMaxShown + 1);
  EXPECT_EQ(outcome.errors[0].substr(0, 32), "file.toml:2:9: [quota] burst: is");
  EXPECT_EQ(outcome.errors[1].substr(0, 29), "file.toml:4:1: [limits] x0: i");
  EXPECT_EQ(outcome.errors[19].substr(0, 31), "file.toml:22:1: [limits] x18: i");
  EXPECT_EQ(outcome.errors[20], "file.toml: and 11 more");
}

TEST(ConfigWrong, TooManyListenersAndNetworks) {
  std::string listeners;
  for (int i = 1; i <= 9; ++i) listeners += "[[listen]]\nport = " + std::to_string(i) + "\n";
  EXPECT_EQ(parse(listeners, "c", kAround).errors,
            std::vector<std::string>{
                "c:1:3: [[listen]]: makes 18 listeners (without an address it makes two); valid is "
                "at most 16 in all"});
  std::string networks = "[gateway]\nclients = [";
  for (int i = 0; i < 257; ++i) networks += "\n\"10.0.0." + std::to_string(i % 250) + "\",";
  EXPECT_EQ(parse(networks + "]\n", "c", kAround).errors,
            std::vector<std::string>{
                "c:2:11: [gateway] clients: holds 257 networks; valid is an array of at most 256"});
}

TEST(ConfigWrong, AHostileFileNameStaysOnItsLine) {
  const Outcome outcome = parse("x", "a\nb\x1b[2J", kAround);
  ASSERT_EQ(outcome.errors.size(), 1U);
  EXPECT_EQ(outcome.errors[0].substr(0, 20), "a\\x0ab\\x1b[2J:1:2: s");
}

TEST(ConfigWrong, SentencesAreJoinedWithinTheirLimit) {
  const std::vector<std::string> sentences(20, std::string(100, 'x'));
  EXPECT_EQ(join_sentences(sentences, 5000).size(), 20U * 101 - 1);
  const std::string cut = join_sentences(sentences, 1000);
  EXPECT_LE(cut.size(), 1000U);
  EXPECT_GT(cut.size(), 800U);
  EXPECT_EQ(cut.substr(cut.rfind('\n') + 1),
            "(more mistakes follow; `gatehouse check` shows them)");
}

}  // namespace
}  // namespace gatehouse::config
