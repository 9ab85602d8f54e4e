// SPDX-License-Identifier: Apache-2.0
// What origin.cc and load.cc share: ends with a sentence, IPv4 sockets, bodies that lie in memory
// files so that sendfile(2) sends them without a copy.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace gatehouse::bench {

// Octets of a chunk in chunked bodies.
inline constexpr std::size_t kChunk = 8192;
// The head of everything the origin sends starts with this.
inline constexpr std::string_view kHeadEnd = "\r\n\r\n";

[[noreturn]] void die(const std::string& sentence);

// A positive number of at most 2^53; ends the program when `text` is none.
std::uint64_t number(std::string_view text, std::string_view what);
double real_number(const char* text, std::string_view what);
// "10.0.0.1:80".
sockaddr_in endpoint(const std::string& text);
in_addr address(const std::string& text);

// A sealed run of octets: `plain` of zeros, or as many whole chunks of kChunk octets as `count`
// says.
struct BodyFile {
  UniqueFd fd;
  std::size_t size = 0;
};
BodyFile plain_body(std::size_t size);
BodyFile chunked_body(std::size_t count);

// Sends up to `left` octets of a file that is repeated without end; *position is where in it the
// body is. False: the connection failed. *left goes down; when it is not 0 afterwards the socket is
// full.
bool send_body(int socket, const BodyFile& file, std::uint64_t* position, std::uint64_t* left);

// Value of a field in a head, spaces trimmed, name in any case; empty when it is not there.
std::string_view field(std::string_view head, std::string_view name);

}  // namespace gatehouse::bench
