// SPDX-License-Identifier: Apache-2.0
// Wrong configurations of listeners of all modes and of upstreams, and exactly what is said about
// each.
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
    {R"([[listen]]
mode = "transparant"
)",
     {"c:2:8: [[listen]] mode: is \"transparant\" (did you mean \"transparent\"?); valid is "
      "\"transparent\", \"forward\" or \"reverse\""}},
    {R"([[listen]]
mode = 1
intercept = 80
)",
     {"c:2:8: [[listen]] mode: is 1; valid is \"transparent\", \"forward\" or \"reverse\""}},
    {R"([[listen]]
mode = "forward"
)",
     {"c:2:8: [[listen]] mode: is \"forward\", and [gateway] clients is empty, so that "
      "everybody who reaches the port could go anywhere in the name of this host; valid is "
      "[gateway] clients with the networks of those who may, such as [\"10.0.0.0/8\"]",
      "c:2:8: [[listen]] mode: needs names to be resolved, and no DNS server is known: "
      "[resolver] servers is not there, and /etc/resolv.conf of this host has none; valid with "
      "[resolver] servers = [\"192.0.2.53\"], the addresses of yours"}},
    {R"([gateway]
clients = ["10.0.0.0/8"]
[[listen]]
mode = "forward"
)",
     {"c:4:8: [[listen]] mode: needs names to be resolved, and no DNS server is known: "
      "[resolver] servers is not there, and /etc/resolv.conf of this host has none; valid with "
      "[resolver] servers = [\"192.0.2.53\"], the addresses of yours"}},
    {R"([gateway]
clients = ["10.0.0.0/8"]
[[listen]]
mode = "forward"
port = "3128"
intercept.ports = [80]
upstream = "app"
on_not_http = "tunnel"
[resolver]
servers = ["192.0.2.53"]
)",
     {"c:5:8: [[listen]] port: is \"3128\"; valid is an integer from 1 to 65535",
      "c:6:1: [[listen]] intercept: is a key of mode = \"transparent\", and this listener has "
      "mode = \"forward\"; valid is mode, address, port, proxy_from",
      "c:7:1: [[listen]] upstream: is a key of mode = \"reverse\", and this listener has mode "
      "= \"forward\"; valid is mode, address, port, proxy_from",
      "c:8:1: [[listen]] on_not_http: is a key of mode = \"transparent\", and this listener "
      "has mode = \"forward\"; valid is mode, address, port, proxy_from"}},
    {R"([[listen]]
upstream = "app"
[[upstream]]
name = "app"
servers = ["10.0.0.5:8080"]
)",
     {"c:2:1: [[listen]] upstream: is a key of mode = \"reverse\", and this listener has mode "
      "= \"transparent\"; valid is mode, address, port, proxy_from, intercept, on_not_http"}},
    {R"([[listen]]
mode = "reverse"
)",
     {"c:1:1: [[listen]] upstream: is missing, which says where mode = \"reverse\" takes "
      "requests; valid is the name of an [[upstream]] section, of which there is none"}},
    {R"([[listen]]
mode = "reverse"
upstream = "ap"
on_not_http = "refuse"
[[upstream]]
name = "app"
servers = ["10.0.0.5:8080"]
[[upstream]]
name = "static"
servers = ["10.0.0.6:8080"]
)",
     {"c:3:12: [[listen]] upstream: is \"ap\" (did you mean \"app\"?); valid is the name of an "
      "[[upstream]] section: \"app\" or \"static\"",
      "c:4:1: [[listen]] on_not_http: is a key of mode = \"transparent\", and this listener "
      "has mode = \"reverse\"; valid is mode, address, port, proxy_from, upstream"}},
    {R"([[listen]]
mode = "reverse"
upstream = 1
)",
     {"c:3:12: [[listen]] upstream: is 1; valid is the name of an [[upstream]] section, of "
      "which there is none"}},
    {R"([[listen]]
on_not_http = "tunel"
)",
     {"c:2:15: [[listen]] on_not_http: is \"tunel\" (did you mean \"tunnel\"?); valid is "
      "\"refuse\" or \"tunnel\""}},
    {R"([[listen]]
proxy_from = "10.0.0.1"
)",
     {"c:2:14: [[listen]] proxy_from: is a string; valid is an array of networks such as "
      "[\"10.0.0.0/8\", \"fd00::/8\"]"}},
    {R"([[listen]]
proxy_from = ["10.0.0.1/24", 5]
)",
     {"c:2:15: [[listen]] proxy_from: \"10.0.0.1/24\" has bits set beyond its prefix; valid is "
      "\"10.0.0.0/24\" or another prefix",
      "c:2:30: [[listen]] proxy_from: holds an integer; valid is a network such as "
      "\"10.0.0.0/8\" or \"fd00::/8\""}},
    {R"([upstream]
name = "app"
)",
     {"c:1:2: upstream: is a table; valid is one [[upstream]] section (in double brackets) for "
      "each group of servers"}},
    {R"([[upstream]]
)",
     {"c:1:1: [[upstream]] name: is missing; valid is a name of 1 to 64 letters, digits, '-', "
      "'_' or '.', such as \"app\"",
      "c:1:1: [[upstream]] servers: is missing; valid is an array of 1 to 64 addresses with "
      "port, such as [\"10.0.0.5:8080\"]"}},
    {R"([[upstream]]
name = "my app"
servers = []
)",
     {"c:2:8: [[upstream]] name: is \"my app\"; valid is a name of 1 to 64 letters, digits, "
      "'-', '_' or '.', such as \"app\"",
      "c:3:11: [[upstream]] servers: holds 0 servers; valid is an array of 1 to 64 addresses "
      "with port, such as [\"10.0.0.5:8080\"]"}},
    {R"([[listen]]
mode = "reverse"
upstream = "app"
[[upstream]]
name = "app"
servers = ["10.0.0.5:8080"]
[[upstream]]
name = "app"
servers = ["10.0.0.6:8080"]
)",
     {"c:8:8: [[upstream]] name: is \"app\", which another [[upstream]] has already; valid is "
      "a name of its own"}},
    {R"([[upstream]]
name = "spare"
servers = ["10.0.0.5:8080"]
)",
     {"c:2:8: [[upstream]] name: \"spare\" is used by no listener; valid is a name that a "
      "[[listen]] with mode = \"reverse\" has as its upstream, or that a rule chooses"}},
    {R"([[listen]]
mode = "reverse"
upstream = "app"
[[upstream]]
name = "app"
servers = ["app.internal:8080", "app.internal", "10.0.0.5", "2001:db8::5", "10.0.0.5:0", "10.0.0.5:http", "http://10.0.0.5:80", "[10.0.0.5]:80", 8080]
)",
     {"c:6:12: [[upstream]] servers: \"app.internal:8080\" names a host, and names of servers "
      "are not resolved (whoever answers for the name would decide where requests go); put its "
      "address; valid is an IP address with a port, such as \"10.0.0.5:8080\" or "
      "\"[2001:db8::5]:8080\"",
      "c:6:33: [[upstream]] servers: \"app.internal\" names a host, and names of servers are "
      "not resolved (whoever answers for the name would decide where requests go); put its "
      "address; valid is an IP address with a port, such as \"10.0.0.5:8080\" or "
      "\"[2001:db8::5]:8080\"",
      "c:6:49: [[upstream]] servers: \"10.0.0.5\" has no port; valid is an IP address with a "
      "port, such as \"10.0.0.5:8080\" or \"[2001:db8::5]:8080\"",
      "c:6:61: [[upstream]] servers: \"2001:db8::5\" has its IPv6 address without brackets, so "
      "that no port can be told from it; valid is an IP address with a port, such as "
      "\"10.0.0.5:8080\" or \"[2001:db8::5]:8080\"",
      "c:6:76: [[upstream]] servers: \"10.0.0.5:0\" is no server; valid is an IP address with "
      "a port, such as \"10.0.0.5:8080\" or \"[2001:db8::5]:8080\"",
      "c:6:90: [[upstream]] servers: \"10.0.0.5:http\" is no server; valid is an IP address "
      "with a port, such as \"10.0.0.5:8080\" or \"[2001:db8::5]:8080\"",
      "c:6:107: [[upstream]] servers: \"http://10.0.0.5:80\" is no server; valid is an IP "
      "address with a port, such as \"10.0.0.5:8080\" or \"[2001:db8::5]:8080\"",
      "c:6:129: [[upstream]] servers: \"[10.0.0.5]:80\" is no server; valid is an IP address "
      "with a port, such as \"10.0.0.5:8080\" or \"[2001:db8::5]:8080\"",
      "c:6:146: [[upstream]] servers: holds an integer; valid is an IP address with a port, "
      "such as \"10.0.0.5:8080\""}},
    {R"([[listen]]
mode = "reverse"
upstream = "app"
[[upstream]]
name = "app"
servers = ["0.0.0.0:80", "224.0.0.1:80", "[::ffff:10.0.0.5]:80", "10.0.0.5:80", "10.0.0.5:80"]
)",
     {"c:6:12: [[upstream]] servers: \"0.0.0.0:80\" is not the address of one server; valid is "
      "one that can be connected to",
      "c:6:26: [[upstream]] servers: \"224.0.0.1:80\" is not the address of one server; valid "
      "is one that can be connected to",
      "c:6:42: [[upstream]] servers: \"[::ffff:10.0.0.5]:80\" is an IPv4 address in IPv6 "
      "clothes; valid is its IPv4 form",
      "c:6:81: [[upstream]] servers: \"10.0.0.5:80\" is there twice; valid is each server once"}},
    {R"([[listen]]
mode = "reverse"
upstream = "app"
[[upstream]]
name = "app"
servers = "10.0.0.5:8080"
host = "http://app.example/"
source_address = "server"
proxy_protocol = "v3"
fails = 0
down = "2h"
weight = 5
)",
     {"c:6:11: [[upstream]] servers: is \"10.0.0.5:8080\"; valid is an array of 1 to 64 "
      "addresses with port, such as [\"10.0.0.5:8080\"]",
      "c:7:8: [[upstream]] host: is \"http://app.example/\"; valid is \"keep\" (the client's) "
      "or the host that servers are told, such as \"app.example\" or \"app.example:8080\"",
      "c:8:18: [[upstream]] source_address: is \"server\"; valid is \"own\" or \"client\"",
      "c:9:18: [[upstream]] proxy_protocol: is \"v3\" (did you mean \"v1\"?); valid is "
      "\"off\", \"v1\" or \"v2\"",
      "c:10:9: [[upstream]] fails: is 0; valid is an integer from 1 to 100",
      "c:11:8: [[upstream]] down: is \"2h\"; valid is a time from \"100ms\" to \"1h\", in "
      "whole ms, s, m or h, such as \"10s\"",
      "c:12:1: [[upstream]] weight: is no key of this section; valid is name, servers, host, "
      "source_address, proxy_protocol, fails, down"}},
    {R"([[listen]]
mode = "reverse"
upstream = "app"
[[upstream]]
name = "app"
servers = ["10.0.0.5:8080"]
host = "app example"
proxy_protocol = 2
)",
     {"c:7:8: [[upstream]] host: is \"app example\"; valid is \"keep\" (the client's) or the "
      "host that servers are told, such as \"app.example\" or \"app.example:8080\"",
      "c:8:18: [[upstream]] proxy_protocol: is 2; valid is \"off\", \"v1\" or \"v2\""}},
    {R"([[listen]]
mode = "reverse"
port = 8080
upstream = "app"
[[listen]]
port = 8080
address = "192.0.2.1"
[[upstream]]
name = "app"
servers = ["10.0.0.5:8080"]
)",
     {"c:5:1: [[listen]] port: 192.0.2.1:8080 overlaps with 0.0.0.0:8080 by the [[listen]] at "
      "line 1; valid is another port, or addresses of their own in both"}},
    {R"([gateway]
clients = ["10.0.0.0/8"]
[[listen]]
mode = "forward"
[[listen]]
mode = "forward"
address = "::"
[resolver]
servers = ["192.0.2.53"]
)",
     {"c:5:1: [[listen]] port: [::]:3128 is listened on already by the [[listen]] at line 3; "
      "valid is another port or address"}},
};
// clang-format on

TEST(ConfigWrongModes, EveryCaseSaysExactlyWhatIsWrong) {
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.text);
    const Outcome outcome = parse(one.text, "c", kAround);
    EXPECT_EQ(outcome.errors, one.errors);
    EXPECT_EQ(outcome.config.ByteSizeLong(), 0U) << "a wrong text leaves no configuration";
  }
}

TEST(ConfigWrongModes, TooManyServersAndPeers) {
  std::string servers = "[[listen]]\nmode = \"reverse\"\nupstream = \"app\"\nproxy_from = [";
  for (int i = 0; i < 65; ++i) servers += "\n\"10.0.0." + std::to_string(i) + "\",";
  servers += "]\n[[upstream]]\nname = \"app\"\nservers = [";
  for (int i = 0; i < 65; ++i) servers += "\n\"10.0.0.1:" + std::to_string(i + 1) + "\",";
  EXPECT_EQ(parse(servers + "]\n", "c", kAround).errors,
            (std::vector<std::string>{
                "c:4:14: [[listen]] proxy_from: holds 65 networks; valid is an array of at most 64",
                "c:72:11: [[upstream]] servers: holds 65 servers; valid is an array of 1 to 64 "
                "addresses with port, such as [\"10.0.0.5:8080\"]"}));
}

}  // namespace
}  // namespace gatehouse::config
