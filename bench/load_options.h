// SPDX-License-Identifier: Apache-2.0
// The command line of the load generator.
//
//   --to ADDRESS:PORT --path PATH (/b/128)
//   --connections N   how many at once (64)
//   --seconds S       length of the measured window (2), after --warm-up S (0.3)
//   --requests N      ends after N requests instead of after a time; closed loop only
//   --rate N          requests a second whatever the answers do (open loop): latency counts from
//   the
//                     moment a request was due, so that a slow gateway is not spared. Without it:
//                     closed loop.
//   --fresh           one request for each connection
//   --browser         request heads as a browser sends them: 11 fields, 500 octets
//   --upgrade         asks for websocket; what follows the 101 is the path's number of octets, then
//   the end
//   --not-http        the head is no request, and answered all the same, by an origin that doesn't
//   care
//   --put N           PUT with N octets of content
//   --sources N       N source addresses from 10.99.1.11 on, in turn
//   --hold idle       makes the connections with one request each, then keeps them until standard
//                     input ends
//   --hold slow       asks on each, then reads --per-second N octets a second
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/load_client.h"

namespace gatehouse::bench {

struct Options {
  std::string to, path = "/b/128", hold;
  std::size_t connections = 64, sources = 0, per_second = 1024;
  double seconds = 2, warm_up = 0.3, rate = 0;
  std::uint64_t put = 0, requests = 0;
  bool fresh = false, browser = false, upgrade = false, not_http = false;
};

// Ends the program on what it does not understand.
Options parse_options(int argc, char** argv);
Plan make_plan(const Options& options);

}  // namespace gatehouse::bench
