// SPDX-License-Identifier: Apache-2.0
#include "logger/escape.h"

#include <array>

namespace gatehouse::logger {
namespace {

constexpr char kHex[] = "0123456789abcdef";

constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (unsigned c = 0x20; c <= 0x7e; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
// Octets that stand for themselves in both forms.
constexpr std::array<bool, 256> kPlain = make_plain();

// Appends runs of plain octets as they are and hands every other octet to escape.
template <class Escape>
void append_octets(std::string_view octets, std::size_t limit, std::string* out, Escape escape) {
  const bool cut = octets.size() > limit;
  if (cut) octets = octets.substr(0, limit);
  std::size_t run = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const auto octet = static_cast<unsigned char>(octets[i]);
    if (kPlain[octet]) continue;
    out->append(octets.data() + run, i - run);
    escape(octet);
    run = i + 1;
  }
  out->append(octets.data() + run, octets.size() - run);
  if (cut) out->append("...");
}

}  // namespace

void append_json_octets(std::string_view octets, std::size_t limit, std::string* out) {
  append_octets(octets, limit, out, [out](unsigned char octet) {
    if (octet == '"' || octet == '\\') {
      out->append({'\\', static_cast<char>(octet)});
    } else {
      out->append({'\\', 'u', '0', '0', kHex[octet >> 4], kHex[octet & 15]});
    }
  });
}

void append_text_octets(std::string_view octets, std::size_t limit, std::string* out) {
  append_octets(octets, limit, out, [out](unsigned char octet) {
    out->append({'\\', 'x', kHex[octet >> 4], kHex[octet & 15]});
  });
}

}  // namespace gatehouse::logger
