// SPDX-License-Identifier: Apache-2.0
#include "privileged/options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <unistd.h>

#include <charconv>

namespace gatehouse::privileged {

const char kHelp[] =
    "Usage: gatehoused --config FILE [OPTION]...\n"
    "The gateway daemon; started as root, it keeps CAP_NET_ADMIN in one small process.\n"
    "People type 'gatehouse run --config FILE', which starts this.\n\n"
    "  --config FILE            configuration (docs/configuration.md); its directory is all that\n"
    "                           the loader may read\n"
    "  --libexec DIR            where gatehouse-worker, gatehouse-loader and gatehouse-logger are\n"
    "                           (default: beside gatehoused)\n"
    "  --run-dir DIR            for control.sock and clients.sock (default /run/gatehouse)\n"
    "  --log-dir DIR            all that the logger may write to (default /var/log/gatehouse)\n"
    "  --state-dir DIR          what was changed at run time and still holds (default\n"
    "                           /var/lib/gatehouse)\n"
    "  --control-group GID      members of this group may use clients.sock, as root may\n"
    "  --uid-base N             parent, worker, loader, logger, resolver and registrar run as\n"
    "                           N ... N+5\n"
    "                           (default 64200); two instances need two ranges\n"
    "  --allow-destination NET  lift the compiled-in floor for an address or network, repeatable\n"
    "  --allow-endpoint ADDR:PORT  let the configuration name this server or resolver although "
    "the\n"
    "                           floor forbids it (127.0.0.53:53), repeatable\n"
    "  --require-all            refuse to run where the kernel lacks a layer of confinement\n"
    "  --help, --version\n\n"
    "Signals: TERM and INT drain, a second one stops at once; HUP reloads; USR1 reopens log "
    "files.\n"
    "Exit codes: 0 stopped as asked; 1 failed; 2 wrong command line or configuration.\n";

namespace {

bool parse_number(std::string_view text, unsigned long low, unsigned long high,
                  unsigned long* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= low &&
         *number <= high;
}

bool parse_address(sa_family_t family, const std::string& text, IpAddress* address) {
  address->family = family;
  return inet_pton(family, text.c_str(), address->octets.data()) == 1;
}

Status take_uid_base(const std::string& text, Options* options) {
  unsigned long base = 0;
  if (!parse_number(text, 1000, 4'000'000'000UL, &base)) {
    return Error{EINVAL, "--uid-base " + text + ": must be a number from 1000 on"};
  }
  options->uid_base = static_cast<uid_t>(base);
  return ok();
}

Status take_group(const std::string& text, Options* options) {
  unsigned long group = 0;
  if (!parse_number(text, 1, 4'000'000'000UL, &group)) {
    return Error{EINVAL, "--control-group " + text + ": must be the number of a group"};
  }
  options->control_group = std::to_string(group);
  return ok();
}

Status take_destination(const std::string& text, Options* options) {
  const std::string named = "--allow-destination " + text;
  const std::size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  Network network;
  if (!parse_address(AF_INET, address, &network.address) &&
      !parse_address(AF_INET6, address, &network.address)) {
    return Error{EINVAL, named + ": not an address or network like 10.0.0.0/8"};
  }
  const std::size_t longest = network.address.size() * 8;
  unsigned long prefix = longest;
  if (slash != std::string::npos && !parse_number(text.substr(slash + 1), 0, longest, &prefix)) {
    return Error{EINVAL, named + ": the prefix must be 0.." + std::to_string(longest)};
  }
  network.prefix = static_cast<unsigned>(prefix);
  options->lifted.destinations.push_back(network);
  return ok();
}

// "127.0.0.1:53" or "[::1]:53".
Status take_endpoint(const std::string& text, Options* options) {
  const std::size_t colon = text.rfind(':');
  std::string address = text.substr(0, colon);
  const bool v6 = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (v6) address = address.substr(1, address.size() - 2);
  Endpoint endpoint;
  unsigned long port = 0;
  if (!parse_address(v6 ? AF_INET6 : AF_INET, address, &endpoint.address) ||
      colon == std::string::npos || !parse_number(text.substr(colon + 1), 1, 65535, &port)) {
    return Error{EINVAL, "--allow-endpoint " + text + ": not like 127.0.0.53:53 or [::1]:53"};
  }
  endpoint.port = static_cast<std::uint16_t>(port);
  options->lifted.endpoints.push_back(endpoint);
  return ok();
}

// Exactly one of the last three says where the option goes.
struct Known {
  const char* name;
  bool Options::*flag = nullptr;
  std::string Options::*text = nullptr;
  Status (*take)(const std::string& text, Options* options) = nullptr;
};
constexpr Known kKnown[] = {
    {.name = "config", .text = &Options::config},
    {.name = "libexec", .text = &Options::libexec},
    {.name = "run-dir", .text = &Options::run_directory},
    {.name = "log-dir", .text = &Options::log_directory},
    {.name = "state-dir", .text = &Options::state_directory},
    {.name = "control-group", .take = take_group},
    {.name = "uid-base", .take = take_uid_base},
    {.name = "allow-destination", .take = take_destination},
    {.name = "allow-endpoint", .take = take_endpoint},
    {.name = "require-all", .flag = &Options::require_all},
    {.name = "help", .flag = &Options::help},
    {.name = "version", .flag = &Options::version},
};

std::string own_directory() {
  std::string path(4096, '\0');
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return path.substr(0, path.rfind('/'));
}

}  // namespace

Result<Options> parse_options(int argc, char** argv) {
  constexpr int kFirst = 256;  // what getopt_long(3) returns for the first of kKnown
  std::vector<option> known;
  for (const Known& each : kKnown) {
    known.push_back({each.name, each.flag != nullptr ? no_argument : required_argument, nullptr,
                     kFirst + static_cast<int>(known.size())});
  }
  known.push_back({});
  Options options;
  opterr = 0;
  for (int c; (c = getopt_long(argc, argv, "", known.data(), nullptr)) != -1;) {
    if (c < kFirst) {
      return Error{EINVAL,
                   std::string(argv[optind - 1]) + ": unknown, or lacks its value; see --help"};
    }
    const Known& found = kKnown[c - kFirst];
    if (found.flag != nullptr) options.*found.flag = true;
    if (found.text != nullptr) options.*found.text = optarg;
    if (found.take == nullptr) continue;
    if (Status taken = found.take(optarg, &options); !taken) return taken.error();
  }
  if (optind < argc) return Error{EINVAL, std::string(argv[optind]) + ": unexpected; see --help"};
  if (options.config.empty() && !options.help && !options.version) {
    return Error{EINVAL, "--config FILE is missing; see --help"};
  }
  if (options.libexec.empty()) options.libexec = own_directory();
  return options;
}

}  // namespace gatehouse::privileged
