// SPDX-License-Identifier: Apache-2.0
// Octet classes and scans shared by the parsers of this directory. Internal.
//
// Invariant: no scan reads at or beyond end.
#pragma once

#include <emmintrin.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace gatehouse::worker::http {

// RFC 9110 5.6.2.
inline constexpr std::array<bool, 256> kTokenOctets = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

inline bool is_token_octet(char c) { return kTokenOctets[static_cast<unsigned char>(c)]; }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
// RFC 9110 5.5: what a field value or reason phrase may hold; obs-text is opaque.
inline bool is_value_octet(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return (octet >= 0x20 && octet != 0x7f) || octet == '\t';
}
// What a target may hold: visible ASCII without '#'. More than RFC 3986 allows, as browsers send
// '|' and '"' unescaped.
inline bool is_target_octet(char c) { return c > 0x20 && c < 0x7f && c != '#'; }

inline char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// Each: the first octet in [begin, end) that is not of the class, or end.
inline const char* skip_token(const char* begin, const char* end) {
  // Names are mostly letters and hyphens: 16 at a time as long as they last.
  while (end - begin >= 16) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin));
    const __m128i lower = _mm_or_si128(octets, _mm_set1_epi8(0x20));
    const __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)),
                                          _mm_cmpgt_epi8(_mm_set1_epi8('z' + 1), lower));
    const __m128i hyphens = _mm_cmpeq_epi8(octets, _mm_set1_epi8('-'));
    const unsigned other = ~_mm_movemask_epi8(_mm_or_si128(letters, hyphens)) & 0xffffu;
    if (other != 0) {
      begin += __builtin_ctz(other);
      if (!is_token_octet(*begin)) return begin;
      ++begin;  // an octet of the class, but neither letter nor hyphen
      continue;
    }
    begin += 16;
  }
  while (begin != end && is_token_octet(*begin)) ++begin;
  return begin;
}

inline const char* skip_value(const char* begin, const char* end) {
  while (end - begin >= 16) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(octets, _mm_set1_epi8(0x1f)), octets);
    const __m128i tab = _mm_cmpeq_epi8(octets, _mm_set1_epi8('\t'));
    const __m128i del = _mm_cmpeq_epi8(octets, _mm_set1_epi8(0x7f));
    const int bad = _mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, control), del));
    if (bad != 0) return begin + __builtin_ctz(static_cast<unsigned>(bad));
    begin += 16;
  }
  while (begin != end && is_value_octet(*begin)) ++begin;
  return begin;
}

inline const char* skip_target(const char* begin, const char* end) {
  while (end - begin >= 16) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin));
    // Signed comparison: octets of 0x80 and above are negative and fail the first test.
    const __m128i visible = _mm_and_si128(_mm_cmpgt_epi8(octets, _mm_set1_epi8(0x20)),
                                          _mm_cmpgt_epi8(_mm_set1_epi8(0x7f), octets));
    const __m128i good = _mm_andnot_si128(_mm_cmpeq_epi8(octets, _mm_set1_epi8('#')), visible);
    const unsigned bad = ~_mm_movemask_epi8(good) & 0xffffu;
    if (bad != 0) return begin + __builtin_ctz(bad);
    begin += 16;
  }
  while (begin != end && is_target_octet(*begin)) ++begin;
  return begin;
}

inline const char* skip_blanks(const char* begin, const char* end) {
  while (begin != end && is_blank(*begin)) ++begin;
  return begin;
}

// Without the blanks at both ends.
inline std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

inline bool is_token(std::string_view text) {
  return !text.empty() &&
         skip_token(text.data(), text.data() + text.size()) == text.data() + text.size();
}

// ASCII letters without regard to case.
inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

// The members of a comma-separated list (RFC 9110 5.6.1), trimmed; empty ones are handed out too.
// Doesn't know quoted strings: for lists of tokens, where a quote is an error anyhow.
class ListReader {
 public:
  explicit ListReader(std::string_view list) : rest_(list) {}

  bool next(std::string_view& member) {
    if (done_) return false;
    const std::size_t comma = rest_.find(',');
    member = trim(rest_.substr(0, comma));
    if (comma == std::string_view::npos) {
      done_ = true;
    } else {
      rest_.remove_prefix(comma + 1);
    }
    return true;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

}  // namespace gatehouse::worker::http
