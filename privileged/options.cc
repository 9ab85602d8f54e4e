// SPDX-License-Identifier: Apache-2.0
#include "privileged/options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <unistd.h>

#include <cstdlib>

namespace gatehouse::privileged {

const char kHelp[] =
    "Usage: gatehoused --config FILE [OPTION]...\n"
    "The gateway daemon; started as root, it keeps CAP_NET_ADMIN in one small process.\n"
    "People type 'gatehouse run --config FILE', which starts this.\n\n"
    "  --config FILE            configuration (docs/configuration.md); its directory is all that\n"
    "                           the loader may read\n"
    "  --libexec DIR            where gatehouse-worker, gatehouse-loader and gatehouse-logger are\n"
    "                           (default: beside gatehoused)\n"
    "  --run-dir DIR            for control.sock (default /run/gatehouse)\n"
    "  --log-dir DIR            all that the logger may write to (default /var/log/gatehouse)\n"
    "  --uid-base N             parent, worker, loader, logger and resolver run as N ... N+4\n"
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

Result<Network> parse_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  Network network;
  unsigned longest = 32;
  network.address.family = AF_INET;
  if (inet_pton(AF_INET, address.c_str(), network.address.octets.data()) != 1) {
    network.address.family = AF_INET6;
    longest = 128;
    if (inet_pton(AF_INET6, address.c_str(), network.address.octets.data()) != 1) {
      return Error{EINVAL,
                   "--allow-destination " + text + ": not an address or network like 10.0.0.0/8"};
    }
  }
  network.prefix = longest;
  if (slash != std::string::npos) {
    char* end = nullptr;
    const unsigned long prefix = std::strtoul(text.c_str() + slash + 1, &end, 10);
    if (end == text.c_str() + slash + 1 || *end != '\0' || prefix > longest) {
      return Error{EINVAL, "--allow-destination " + text + ": the prefix must be 0.." +
                               std::to_string(longest)};
    }
    network.prefix = static_cast<unsigned>(prefix);
  }
  return network;
}

// "127.0.0.1:53" or "[::1]:53".
Result<Endpoint> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string address = text.substr(0, colon);
  const bool v6 = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (v6) address = address.substr(1, address.size() - 2);
  Endpoint endpoint;
  endpoint.address.family = v6 ? AF_INET6 : AF_INET;
  char* end = nullptr;
  const char* port = colon == std::string::npos ? "" : text.c_str() + colon + 1;
  const unsigned long number = std::strtoul(port, &end, 10);
  if (inet_pton(endpoint.address.family, address.c_str(), endpoint.address.octets.data()) != 1 ||
      end == port || *end != '\0' || number < 1 || number > 65535) {
    return Error{EINVAL, "--allow-endpoint " + text + ": not like 127.0.0.53:53 or [::1]:53"};
  }
  endpoint.port = static_cast<std::uint16_t>(number);
  return endpoint;
}

std::string own_directory() {
  std::string path(4096, '\0');
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return path.substr(0, path.rfind('/'));
}

}  // namespace

Result<Options> parse_options(int argc, char** argv) {
  enum {
    kConfig = 256,
    kLibexec,
    kRun,
    kLog,
    kUid,
    kAllow,
    kEndpoint,
    kRequire,
    kHelpOption,
    kVersion
  };
  const option known[] = {{"config", required_argument, nullptr, kConfig},
                          {"libexec", required_argument, nullptr, kLibexec},
                          {"run-dir", required_argument, nullptr, kRun},
                          {"log-dir", required_argument, nullptr, kLog},
                          {"uid-base", required_argument, nullptr, kUid},
                          {"allow-destination", required_argument, nullptr, kAllow},
                          {"allow-endpoint", required_argument, nullptr, kEndpoint},
                          {"require-all", no_argument, nullptr, kRequire},
                          {"help", no_argument, nullptr, kHelpOption},
                          {"version", no_argument, nullptr, kVersion},
                          {nullptr, 0, nullptr, 0}};
  Options options;
  opterr = 0;
  for (int c; (c = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    switch (c) {
      case kConfig:
        options.config = optarg;
        break;
      case kLibexec:
        options.libexec = optarg;
        break;
      case kRun:
        options.run_directory = optarg;
        break;
      case kLog:
        options.log_directory = optarg;
        break;
      case kUid: {
        char* end = nullptr;
        const unsigned long base = std::strtoul(optarg, &end, 10);
        if (*end != '\0' || base < 1000 || base > 4'000'000'000UL) {
          return Error{EINVAL,
                       std::string("--uid-base ") + optarg + ": must be a number from 1000 on"};
        }
        options.uid_base = static_cast<uid_t>(base);
        break;
      }
      case kAllow: {
        auto network = parse_network(optarg);
        if (!network) return network.error();
        options.lifted.destinations.push_back(*network);
        break;
      }
      case kEndpoint: {
        auto endpoint = parse_endpoint(optarg);
        if (!endpoint) return endpoint.error();
        options.lifted.endpoints.push_back(*endpoint);
        break;
      }
      case kRequire:
        options.require_all = true;
        break;
      case kHelpOption:
        options.help = true;
        break;
      case kVersion:
        options.version = true;
        break;
      default:
        return Error{EINVAL,
                     std::string(argv[optind - 1]) + ": unknown, or lacks its value; see --help"};
    }
  }
  if (optind < argc) return Error{EINVAL, std::string(argv[optind]) + ": unexpected; see --help"};
  if (options.config.empty() && !options.help && !options.version) {
    return Error{EINVAL, "--config FILE is missing; see --help"};
  }
  if (options.libexec.empty()) options.libexec = own_directory();
  return options;
}

}  // namespace gatehouse::privileged
