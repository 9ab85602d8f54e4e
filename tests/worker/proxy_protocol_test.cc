// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol as data: each row is a header with its outcome, tried whole, at every cut and
// with content behind it.
#include "worker/proxy_protocol.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace gatehouse::worker {
namespace {

using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
// Octets that may follow a header; some look like one.
const std::string kContent = "GET / HTTP/1.1\r\nHost: a\r\n\r\nPROXY UNKNOWN\r\n";

// A header of version 2.
std::string v2(int version_and_command, int family, std::size_t length, const std::string& block) {
  std::string result = kSignature;
  result += static_cast<char>(version_and_command);
  result += static_cast<char>(family);
  result += static_cast<char>(length >> 8);
  result += static_cast<char>(length & 0xff);
  return result + block;
}
std::string v2(int version_and_command, int family, const std::string& block) {
  return v2(version_and_command, family, block.size(), block);
}
std::string entry(int type, const std::string& value) {
  return std::string{static_cast<char>(type), static_cast<char>(value.size() >> 8),
                     static_cast<char>(value.size() & 0xff)} +
         value;
}

const std::string kFour = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x04\xd2\x00\x50"s;
const std::string kSix = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s +
                         "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"s + "\x04\xd2\x00\x50"s;
// With the checksum that another program has computed.
const std::string kChecksummed = v2(0x21, 0x11, kFour + entry(3, "\x71\x79\x59\xb1"));

struct Row {
  const char* name;
  std::string octets;
  ProxyFault fault;  // kNone: complete
  std::string seen;  // "SOURCE DESTINATION", "-" without addresses
};

std::vector<Row> good_rows() {
  const auto none = ProxyFault::kNone;
  const std::string four = "192.0.2.1:1234 198.51.100.2:80";
  const std::string six = "[2001:db8::1]:1234 [2001:db8::2]:80";
  return {
      {"v1 TCP4", "PROXY TCP4 192.0.2.1 198.51.100.2 1234 80\r\n", none, four},
      {"v1 TCP6", "PROXY TCP6 2001:db8::1 2001:db8::2 1234 80\r\n", none, six},
      {"v1 TCP6 in capitals", "PROXY TCP6 2001:DB8::1 2001:DB8::2 1234 80\r\n", none, six},
      {"v1 TCP6 in full",
       "PROXY TCP6 2001:0db8:0000:0000:0000:0000:0000:0001 2001:db8:0:0:0:0:0:2 1234 80\r\n", none,
       six},
      {"v1 IPv4-mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6402 1234 80\r\n", none,
       "[::ffff:192.0.2.1]:1234 [::ffff:198.51.100.2]:80"},
      {"v1 extreme numbers", "PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", none,
       "0.0.0.0:0 255.255.255.255:65535"},
      {"v1 longest of TCP6",
       "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
       "65535 65535\r\n",
       none,
       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 "
       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
      {"v1 UNKNOWN", "PROXY UNKNOWN\r\n", none, "-"},
      {"v1 UNKNOWN with the longest words",
       "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
       none, "-"},
      {"v1 UNKNOWN with anything", "PROXY UNKNOWN  \t\x01\xff\r\n", none, "-"},
      {"v2 TCP4", v2(0x21, 0x11, kFour), none, four},
      {"v2 TCP6", v2(0x21, 0x21, kSix), none, six},
      {"v2 LOCAL", v2(0x20, 0x00, ""), none, "-"},
      {"v2 LOCAL with addresses", v2(0x20, 0x11, kFour), none, "-"},
      {"v2 LOCAL of any family and block", v2(0x20, 0xff, "\x04\xff\xff"), none, "-"},
      {"v2 UNSPEC", v2(0x21, 0x00, ""), none, "-"},
      {"v2 UNSPEC with a block", v2(0x21, 0x00, "anything"), none, "-"},
      {"v2 Unix stream", v2(0x21, 0x31, std::string(216, 'u')), none, "-"},
      {"v2 entry", v2(0x21, 0x11, kFour + entry(2, "example.org")), none, four},
      {"v2 empty entry", v2(0x21, 0x11, kFour + entry(4, "")), none, four},
      {"v2 entries", v2(0x21, 0x21, kSix + entry(1, "h2") + entry(4, std::string(300, '\0'))), none,
       six},
      {"v2 entry of an unknown type", v2(0x21, 0x11, kFour + entry(0xee, "x")), none, four},
      {"v2 longest", v2(0x21, 0x11, kFour + entry(4, std::string(2584 - 16 - 12 - 3, 'x'))), none,
       four},
      {"v2 checksum", kChecksummed, none, four},
  };
}

std::vector<Row> bad_lines() {
  const auto signature = ProxyFault::kSignature, line = ProxyFault::kLine;
  const auto protocol = ProxyFault::kProtocol, address = ProxyFault::kAddress;
  const auto port = ProxyFault::kPort;
  return {
      {"v1 in lower case", "proxy TCP4 192.0.2.1 198.51.100.2 1234 80\r\n", signature, ""},
      {"v1 one small letter", "PROXy TCP4 192.0.2.1 198.51.100.2 1234 80\r\n", signature, ""},
      {"no header", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", signature, ""},
      {"v1 keyword alone", "PROXY\r\n", signature, ""},
      {"v1 tab for space", "PROXY\tTCP4 192.0.2.1 198.51.100.2 1234 80\r\n", signature, ""},
      {"v1 octet before", " PROXY TCP4 192.0.2.1 198.51.100.2 1234 80\r\n", signature, ""},
      {"v1 empty line before", "\r\nPROXY UNKNOWN\r\n", signature, ""},
      {"v1 LF ends the line", "PROXY TCP4 192.0.2.1 198.51.100.2 1234 80\n", line, ""},
      {"v1 CR within", "PROXY TCP4 192.0.2.1\r198.51.100.2 1234 80\r\n", line, ""},
      {"v1 no CRLF in 107 octets", "PROXY UNKNOWN " + std::string(93, 'x'), line, ""},
      {"v1 CRLF at 108", "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", line, ""},
      {"v1 protocol in lower case", "PROXY tcp4 192.0.2.1 198.51.100.2 1234 80\r\n", protocol, ""},
      {"v1 UDP4", "PROXY UDP4 192.0.2.1 198.51.100.2 1234 80\r\n", protocol, ""},
      {"v1 TCP5", "PROXY TCP5 192.0.2.1 198.51.100.2 1234 80\r\n", protocol, ""},
      {"v1 TCP", "PROXY TCP 192.0.2.1 198.51.100.2 1234 80\r\n", protocol, ""},
      {"v1 no protocol", "PROXY \r\n", protocol, ""},
      {"v1 two spaces", "PROXY  TCP4 192.0.2.1 198.51.100.2 1234 80\r\n", protocol, ""},
      {"v1 UNKNOWN with a tail", "PROXY UNKNOWNS\r\n", protocol, ""},
      {"v1 two spaces before the source", "PROXY TCP4  192.0.2.1 198.51.100.2 1234 80\r\n", address,
       ""},
      {"v1 two spaces before the destination", "PROXY TCP4 192.0.2.1  198.51.100.2 1234 80\r\n",
       address, ""},
      {"v1 family mismatch of both", "PROXY TCP4 2001:db8::1 2001:db8::2 1234 80\r\n", address, ""},
      {"v1 family mismatch of one", "PROXY TCP4 192.0.2.1 2001:db8::2 1234 80\r\n", address, ""},
      {"v1 IPv4 as TCP6", "PROXY TCP6 192.0.2.1 198.51.100.2 1234 80\r\n", address, ""},
      {"v1 leading zero in an address", "PROXY TCP4 192.0.02.1 198.51.100.2 1234 80\r\n", address,
       ""},
      {"v1 three numbers", "PROXY TCP4 192.0.2 198.51.100.2 1234 80\r\n", address, ""},
      {"v1 256", "PROXY TCP4 192.0.2.256 198.51.100.2 1234 80\r\n", address, ""},
      {"v1 two double colons", "PROXY TCP6 2001::db8::1 2001:db8::2 1234 80\r\n", address, ""},
      {"v1 five digits", "PROXY TCP6 2001:00db8::1 2001:db8::2 1234 80\r\n", address, ""},
      {"v1 brackets", "PROXY TCP6 [2001:db8::1] 2001:db8::2 1234 80\r\n", address, ""},
      {"v1 zone", "PROXY TCP6 fe80::1%eth0 2001:db8::2 1234 80\r\n", address, ""},
      {"v1 NUL in an address", "PROXY TCP4 192.0.2.1\0 198.51.100.2 1234 80\r\n"s, address, ""},
      {"v1 no destination", "PROXY TCP4 192.0.2.1\r\n", address, ""},
      {"v1 no ports", "PROXY TCP4 192.0.2.1 198.51.100.2\r\n", port, ""},
      {"v1 one port", "PROXY TCP4 192.0.2.1 198.51.100.2 1234\r\n", port, ""},
      {"v1 two spaces before a port", "PROXY TCP4 192.0.2.1 198.51.100.2  1234 80\r\n", port, ""},
      {"v1 two spaces between ports", "PROXY TCP4 192.0.2.1 198.51.100.2 1234  80\r\n", port, ""},
      {"v1 space at the end", "PROXY TCP4 192.0.2.1 198.51.100.2 1234 80 \r\n", port, ""},
      {"v1 a word too many", "PROXY TCP4 192.0.2.1 198.51.100.2 1234 80 x\r\n", port, ""},
      {"v1 leading zero in a port", "PROXY TCP4 192.0.2.1 198.51.100.2 01234 80\r\n", port, ""},
      {"v1 two zeros", "PROXY TCP4 192.0.2.1 198.51.100.2 1234 00\r\n", port, ""},
      {"v1 65536", "PROXY TCP4 192.0.2.1 198.51.100.2 1234 65536\r\n", port, ""},
      {"v1 six digits", "PROXY TCP4 192.0.2.1 198.51.100.2 100080 80\r\n", port, ""},
      {"v1 sign", "PROXY TCP4 192.0.2.1 198.51.100.2 +1234 80\r\n", port, ""},
      {"v1 hexadecimal", "PROXY TCP4 192.0.2.1 198.51.100.2 0x50 80\r\n", port, ""},
  };
}

std::vector<Row> bad_blocks() {
  const auto version = ProxyFault::kVersion, family = ProxyFault::kFamily;
  const auto length = ProxyFault::kLength, entries = ProxyFault::kEntry;
  std::string wrong_signature = v2(0x21, 0x11, kFour);
  wrong_signature[11] = '\r';
  return {
      {"v2 wrong signature", wrong_signature, ProxyFault::kSignature, ""},
      {"v2 version 1", v2(0x11, 0x11, kFour), version, ""},
      {"v2 version 3", v2(0x31, 0x11, kFour), version, ""},
      {"v2 version 0", v2(0x01, 0x11, kFour), version, ""},
      {"v2 command 2", v2(0x22, 0x11, kFour), version, ""},
      {"v2 command 15", v2(0x2f, 0x11, kFour), version, ""},
      {"v2 UDP over IPv4", v2(0x21, 0x12, kFour), family, ""},
      {"v2 UDP over IPv6", v2(0x21, 0x22, kSix), family, ""},
      {"v2 Unix datagram", v2(0x21, 0x32, std::string(216, 'u')), family, ""},
      {"v2 IPv4 without a protocol", v2(0x21, 0x10, kFour), family, ""},
      {"v2 unknown family", v2(0x21, 0x41, kFour), family, ""},
      {"v2 unknown protocol", v2(0x21, 0x13, kFour), family, ""},
      {"v2 IPv4 too short", v2(0x21, 0x11, kFour.substr(1)), length, ""},
      {"v2 IPv4 empty", v2(0x21, 0x11, ""), length, ""},
      {"v2 IPv6 too short", v2(0x21, 0x21, kSix.substr(1)), length, ""},
      {"v2 IPv4 addresses as IPv6", v2(0x21, 0x21, kFour), length, ""},
      {"v2 Unix too short", v2(0x21, 0x31, std::string(215, 'u')), length, ""},
      {"v2 above the bound", v2(0x21, 0x11, 2584 - 16 + 1, ""), length, ""},
      {"v2 LOCAL above the bound", v2(0x20, 0x00, 65535, ""), length, ""},
      {"v2 one octet of an entry", v2(0x21, 0x11, kFour + "\x02"), entries, ""},
      {"v2 two octets of an entry", v2(0x21, 0x11, kFour + "\x02\x00"s), entries, ""},
      {"v2 entry past the end", v2(0x21, 0x11, kFour + "\x02\x00\x02x"s), entries, ""},
      {"v2 entry far past the end", v2(0x21, 0x11, kFour + "\x02\xff\xffx"s), entries, ""},
      {"v2 second entry past the end", v2(0x21, 0x21, kSix + entry(1, "h2") + "\x02\x00\x01"s),
       entries, ""},
      {"v2 Unix entry past the end", v2(0x21, 0x31, std::string(216, 'u') + "\x02\x00\x01"s),
       entries, ""},
      {"v2 wrong checksum", v2(0x21, 0x11, kFour + entry(3, "\x71\x79\x59\xb0")), entries, ""},
      {"v2 checksum of zero", v2(0x21, 0x11, kFour + entry(3, "\0\0\0\0"s)), entries, ""},
      {"v2 short checksum", v2(0x21, 0x11, kFour + entry(3, "\x01\x02\x03")), entries, ""},
  };
}

void expect_outcome(const Row& row, const ProxyHeader& header) {
  const bool good = row.fault == ProxyFault::kNone;
  EXPECT_EQ(header.status, good ? ProxyStatus::kComplete : ProxyStatus::kMalformed);
  EXPECT_EQ(proxy_fault_word(header.fault), proxy_fault_word(row.fault));
  EXPECT_EQ(header.size, good ? row.octets.size() : 0);
  if (good) {
    EXPECT_EQ(
        header.addressed ? to_string(header.source) + " " + to_string(header.destination) : "-",
        row.seen);
  }
}

TEST(ProxyProtocol, EveryRowHasItsOutcomeWholeAndAtEveryCut) {
  std::vector<Row> rows = good_rows();
  for (const auto& more : {bad_lines(), bad_blocks()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  EXPECT_GE(rows.size(), 60u);
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    expect_outcome(row, read_proxy_header(row.octets));
    expect_outcome(row, read_proxy_header(row.octets + kContent));
    bool decided = false;
    for (std::size_t n = 0; n < row.octets.size(); ++n) {
      const ProxyHeader header = read_proxy_header(row.octets.substr(0, n));
      if (decided || header.status != ProxyStatus::kIncomplete) {
        // Earlier than its end only a malformed one is known for what it is, and then for good.
        decided = true;
        expect_outcome(row, header);
        EXPECT_EQ(header.status, ProxyStatus::kMalformed);
      }
    }
  }
}

TEST(ProxyProtocol, NeverAsksForMoreThanTheBound) {
  EXPECT_EQ(read_proxy_header("PROXY UNKNOWN " + std::string(92, 'x')).status,
            ProxyStatus::kIncomplete);
  const std::string longest = v2(0x20, 0, kMaxProxyHeader - 16, "");
  EXPECT_EQ(read_proxy_header(longest).status, ProxyStatus::kIncomplete);
  EXPECT_EQ(read_proxy_header(longest + std::string(kMaxProxyHeader - 16, 'x')).status,
            ProxyStatus::kComplete);
}

// What is malformed is refused by the first octet that shows it, without waiting for more.
TEST(ProxyProtocol, IsDecidedEarly) {
  EXPECT_EQ(read_proxy_header("G").status, ProxyStatus::kMalformed);
  EXPECT_EQ(read_proxy_header("\r\r").status, ProxyStatus::kMalformed);
  EXPECT_EQ(read_proxy_header(kSignature + "\x22").fault, ProxyFault::kVersion);
  EXPECT_EQ(read_proxy_header(kSignature + "\x21\x12").fault, ProxyFault::kFamily);
}

struct Written {
  const char* name;
  unsigned version;
  Endpoint source;
  Endpoint destination;
  std::string octets;
};

Endpoint endpoint(std::string_view octets, std::uint16_t port) {
  return {*address_from_bytes(octets), port};
}

TEST(ProxyProtocol, WritesWhatItReads) {
  const Endpoint four_a = endpoint(kFour.substr(0, 4), 1234);
  const Endpoint four_b = endpoint(kFour.substr(4, 4), 80);
  const Endpoint six_a = endpoint(kSix.substr(0, 16), 1234);
  const Endpoint six_b = endpoint(kSix.substr(16, 16), 80);
  const std::string mapped = std::string(10, '\0') + "\xff\xff\xc0\x00\x02\x01"s;
  const Written rows[] = {
      {"v1 TCP4", 1, four_a, four_b, "PROXY TCP4 192.0.2.1 198.51.100.2 1234 80\r\n"},
      {"v1 TCP6", 1, six_a, six_b, "PROXY TCP6 2001:db8::1 2001:db8::2 1234 80\r\n"},
      {"v1 port 0",
       1,
       {four_a.address, 0},
       {four_b.address, 65535},
       "PROXY TCP4 192.0.2.1 198.51.100.2 0 65535\r\n"},
      {"v1 mixed", 1, four_a, six_b, "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1234 80\r\n"},
      {"v1 unknown", 1, {}, four_b, "PROXY UNKNOWN\r\n"},
      {"v2 TCP4", 2, four_a, four_b, v2(0x21, 0x11, kFour)},
      {"v2 TCP6", 2, six_a, six_b, v2(0x21, 0x21, kSix)},
      {"v2 mixed", 2, four_a, six_b, v2(0x21, 0x21, mapped + kSix.substr(16))},
      {"v2 unknown", 2, four_a, {}, v2(0x20, 0x00, "")},
      {"no version", 0, four_a, four_b, ""},
      {"version 3", 3, four_a, four_b, ""},
  };
  for (const Written& row : rows) {
    SCOPED_TRACE(row.name);
    std::array<char, kProxyHeaderSpace> out;
    const std::size_t size = write_proxy_header(row.version, row.source, row.destination, out);
    const std::string octets(out.data(), size);
    EXPECT_EQ(octets, row.octets);
    if (octets.empty()) continue;
    const ProxyHeader header = read_proxy_header(octets + kContent);
    EXPECT_EQ(header.status, ProxyStatus::kComplete);
    EXPECT_EQ(header.size, size);
    if (header.addressed && row.source.address.family == row.destination.address.family) {
      EXPECT_EQ(header.source, row.source);
      EXPECT_EQ(header.destination, row.destination);
    }
  }
}

}  // namespace
}  // namespace gatehouse::worker
