// SPDX-License-Identifier: Apache-2.0
#include "worker/proxy_protocol.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace gatehouse::worker {
namespace {

constexpr std::string_view kKeyword = "PROXY ";
constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kFixedPart = 16;  // signature, version and command, family, length

enum Family : std::uint8_t {
  kUnspecified = 0x00,
  kTcp4 = 0x11,
  kTcp6 = 0x21,
  kUnixStream = 0x31,
};

constexpr std::uint8_t kEntryChecksum = 0x03;  // PP2_TYPE_CRC32C

std::uint8_t octet(std::string_view octets, std::size_t at) {
  return static_cast<std::uint8_t>(octets[at]);
}

std::uint16_t number16(std::string_view octets, std::size_t at) {
  return static_cast<std::uint16_t>(octet(octets, at) << 8 | octet(octets, at + 1));
}

ProxyHeader malformed(ProxyFault fault) {
  ProxyHeader header;
  header.status = ProxyStatus::kMalformed;
  header.fault = fault;
  return header;
}

// Everything up to the next space; that space goes too. Without one: all that is left.
std::string_view next_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

bool read_address(std::string_view word, sa_family_t family, IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text;
  if (word.size() >= text.size() || word.find('\0') != std::string_view::npos) return false;
  std::copy(word.begin(), word.end(), text.begin());
  text[word.size()] = '\0';
  address = IpAddress{};
  address.family = family;
  return ::inet_pton(family, text.data(), address.octets.data()) == 1;
}

bool read_port(std::string_view word, std::uint16_t& port) {
  if (word.empty() || word.size() > 5 || (word[0] == '0' && word.size() > 1)) return false;
  std::uint32_t number = 0;
  for (const char c : word) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  port = static_cast<std::uint16_t>(number);
  return number <= 65535;
}

// "TCP4 SOURCE DESTINATION PORT PORT", exactly.
ProxyHeader read_words(std::string_view line) {
  ProxyHeader header;
  const std::string_view protocol = next_word(line);
  header.status = ProxyStatus::kComplete;
  if (protocol == "UNKNOWN") return header;  // whatever follows it says nothing
  if (protocol != "TCP4" && protocol != "TCP6") return malformed(ProxyFault::kProtocol);
  const sa_family_t family = protocol == "TCP4" ? AF_INET : AF_INET6;
  if (!read_address(next_word(line), family, header.source.address) ||
      !read_address(next_word(line), family, header.destination.address)) {
    return malformed(ProxyFault::kAddress);
  }
  // The last port is what is left, so that a space behind it is part of it.
  if (!read_port(next_word(line), header.source.port) ||
      !read_port(line, header.destination.port)) {
    return malformed(ProxyFault::kPort);
  }
  header.addressed = true;
  return header;
}

ProxyHeader read_line(std::string_view octets) {
  const std::string_view line = octets.substr(0, kMaxProxyLine);
  const std::size_t end = line.find_first_of("\r\n");
  if (end == std::string_view::npos || (line[end] == '\r' && end + 1 == line.size())) {
    return line.size() == kMaxProxyLine ? malformed(ProxyFault::kLine) : ProxyHeader{};
  }
  if (line[end] != '\r' || line[end + 1] != '\n') return malformed(ProxyFault::kLine);
  ProxyHeader header = read_words(line.substr(kKeyword.size(), end - kKeyword.size()));
  header.size = header.status == ProxyStatus::kComplete ? end + 2 : 0;
  return header;
}

std::uint32_t crc32c(std::uint32_t crc, std::uint8_t octet) {
  crc ^= octet;
  for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  return crc;
}

// Of the whole header, with its own four octets (at field) taken as zero.
bool checksum_holds(std::string_view header, std::size_t field) {
  std::uint32_t crc = 0xffffffff;
  for (std::size_t i = 0; i < header.size(); ++i) {
    crc = crc32c(crc, i >= field && i < field + 4 ? 0 : octet(header, i));
  }
  const std::uint32_t stated =
      static_cast<std::uint32_t>(number16(header, field)) << 16 | number16(header, field + 2);
  return (crc ^ 0xffffffff) == stated;
}

// From at to the end of the header: type, two octets of length, value.
bool entries_are_sound(std::string_view header, std::size_t at) {
  while (at < header.size()) {
    if (header.size() - at < 3) return false;
    const std::uint8_t type = octet(header, at);
    const std::size_t length = number16(header, at + 1);
    at += 3;
    if (header.size() - at < length) return false;
    if (type == kEntryChecksum && (length != 4 || !checksum_holds(header, at))) return false;
    at += length;
  }
  return true;
}

// Octets of the addresses of a family; false: none that a stream has.
bool address_size(std::uint8_t family, std::size_t& size) {
  switch (family) {
    case kUnspecified:
      size = 0;
      return true;
    case kTcp4:
      size = 12;
      return true;
    case kTcp6:
      size = 36;
      return true;
    case kUnixStream:
      size = 216;
      return true;
    default:
      return false;
  }
}

void take_addresses(std::string_view block, std::uint8_t family, ProxyHeader& header) {
  if (family != kTcp4 && family != kTcp6) return;
  const std::size_t size = family == kTcp4 ? 4 : 16;
  header.addressed = true;
  header.source = {*address_from_bytes(block.substr(0, size)), number16(block, 2 * size)};
  header.destination = {*address_from_bytes(block.substr(size, size)),
                        number16(block, 2 * size + 2)};
}

ProxyHeader read_block(std::string_view octets) {
  if (octets.size() > 12) {
    const std::uint8_t version_and_command = octet(octets, 12);
    if (version_and_command != 0x20 && version_and_command != 0x21) {
      return malformed(ProxyFault::kVersion);
    }
  }
  if (octets.size() < kFixedPart) {
    std::size_t ignored;
    const bool known =
        octets.size() < 14 || octet(octets, 12) == 0x20 || address_size(octet(octets, 13), ignored);
    return known ? ProxyHeader{} : malformed(ProxyFault::kFamily);
  }
  const bool local = octet(octets, 12) == 0x20;
  const std::uint8_t family = octet(octets, 13);
  const std::size_t length = number16(octets, 14);
  std::size_t addresses = 0;
  if (!local && !address_size(family, addresses)) return malformed(ProxyFault::kFamily);
  if (length < addresses || kFixedPart + length > kMaxProxyHeader) {
    return malformed(ProxyFault::kLength);
  }
  if (octets.size() < kFixedPart + length) return ProxyHeader{};
  const std::string_view header = octets.substr(0, kFixedPart + length);
  // LOCAL and UNSPEC: how much to skip is all that the block says.
  const bool meaningful = !local && family != kUnspecified;
  if (meaningful && !entries_are_sound(header, kFixedPart + addresses)) {
    return malformed(ProxyFault::kEntry);
  }
  ProxyHeader result;
  result.status = ProxyStatus::kComplete;
  result.size = header.size();
  if (meaningful) take_addresses(header.substr(kFixedPart), family, result);
  return result;
}

// IPv4 as ::ffff:0:0/96.
IpAddress mapped(const IpAddress& address) {
  if (address.family != AF_INET) return address;
  IpAddress result;
  result.family = AF_INET6;
  result.octets[10] = result.octets[11] = 0xff;
  std::copy_n(address.octets.begin(), 4, result.octets.begin() + 12);
  return result;
}

// Appends to a space that holds the longest header.
class Writer {
 public:
  explicit Writer(std::span<char, kProxyHeaderSpace> out) : out_(out) {}
  void add(std::string_view octets) {
    std::memcpy(out_.data() + size_, octets.data(), octets.size());
    size_ += octets.size();
  }
  void add16(std::uint16_t number) {
    out_[size_++] = static_cast<char>(number >> 8);
    out_[size_++] = static_cast<char>(number & 0xff);
  }
  void add_address(const IpAddress& address) {
    std::array<char, INET6_ADDRSTRLEN> text;
    const char* const shown = ::inet_ntop(address.family, address.octets.data(), text.data(),
                                          static_cast<socklen_t>(text.size()));
    add(shown == nullptr ? std::string_view("::") : std::string_view(shown));
  }
  void add_decimal(std::uint16_t number) {
    std::array<char, 5> digits;
    std::size_t first = digits.size();
    do {
      digits[--first] = static_cast<char>('0' + number % 10);
      number = static_cast<std::uint16_t>(number / 10);
    } while (number != 0);
    add({digits.data() + first, digits.size() - first});
  }
  std::size_t size() const { return size_; }

 private:
  std::span<char, kProxyHeaderSpace> out_;
  std::size_t size_ = 0;
};

void write_line(const Endpoint& source, const Endpoint& destination, bool known, Writer& out) {
  out.add(kKeyword);
  if (!known) return out.add("UNKNOWN\r\n");
  out.add(source.address.family == AF_INET ? "TCP4 " : "TCP6 ");
  out.add_address(source.address);
  out.add(" ");
  out.add_address(destination.address);
  out.add(" ");
  out.add_decimal(source.port);
  out.add(" ");
  out.add_decimal(destination.port);
  out.add("\r\n");
}

void write_block(const Endpoint& source, const Endpoint& destination, bool known, Writer& out) {
  out.add(kSignature);
  if (!known) return out.add({"\x20\x00\x00\x00", 4});
  const bool ipv4 = source.address.family == AF_INET;
  out.add(ipv4 ? std::string_view("\x21\x11\x00\x0c", 4) : std::string_view("\x21\x21\x00\x24", 4));
  out.add(source.address.bytes());
  out.add(destination.address.bytes());
  out.add16(source.port);
  out.add16(destination.port);
}

}  // namespace

std::string_view proxy_fault_word(ProxyFault fault) {
  switch (fault) {
    case ProxyFault::kNone:
      return "none";
    case ProxyFault::kSignature:
      return "signature";
    case ProxyFault::kLine:
      return "line-end";
    case ProxyFault::kProtocol:
      return "protocol";
    case ProxyFault::kAddress:
      return "address";
    case ProxyFault::kPort:
      return "port";
    case ProxyFault::kVersion:
      return "version";
    case ProxyFault::kFamily:
      return "family";
    case ProxyFault::kLength:
      return "length";
    case ProxyFault::kEntry:
      return "entry";
  }
  return "none";
}

ProxyHeader read_proxy_header(std::string_view octets) {
  const auto begins = [&](std::string_view expected) {
    const std::size_t known = std::min(octets.size(), expected.size());
    return octets.substr(0, known) == expected.substr(0, known);
  };
  if (begins(kKeyword)) return octets.size() < kKeyword.size() ? ProxyHeader{} : read_line(octets);
  if (begins(kSignature)) return read_block(octets);
  return malformed(ProxyFault::kSignature);
}

std::size_t write_proxy_header(unsigned version, Endpoint source, Endpoint destination,
                               std::span<char, kProxyHeaderSpace> out) {
  if (version != 1 && version != 2) return 0;
  const bool known = source.address.family != AF_UNSPEC && destination.address.family != AF_UNSPEC;
  if (source.address.family != destination.address.family) {
    source.address = mapped(source.address);
    destination.address = mapped(destination.address);
  }
  Writer writer(out);
  if (version == 1) {
    write_line(source, destination, known, writer);
  } else {
    write_block(source, destination, known, writer);
  }
  return writer.size();
}

}  // namespace gatehouse::worker
