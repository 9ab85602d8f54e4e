// SPDX-License-Identifier: Apache-2.0
// The administrator's own error page: HTML in which placeholders are replaced.
//
//   {{status}}     502
//   {{reason}}     Bad Gateway
//   {{sentence}}   The server could not be reached.
//   {{reference}}  k3v9d0t2xq, as in the log record
//   {{rule}}       adult, the policy's rule that denied; empty where none did
//
// Trusts: the text, which is the administrator's. What is inserted is escaped, whatever it is.
// Anything else between braces stays as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::worker::http {

class ErrorTemplate {
 public:
  // Octets of the text.
  static constexpr std::size_t kMaxText = 16 * 1024;
  // Octets of a page: a text may repeat its placeholders.
  static constexpr std::size_t kMaxPage = 64 * 1024;

  struct Values {
    std::uint16_t status;
    std::string_view reason;
    std::string_view sentence;
    std::string_view reference;
    std::string_view rule = {};
  };

  // No template, as also where the text is empty or longer than kMaxText.
  ErrorTemplate() = default;
  explicit ErrorTemplate(std::string_view text);

  bool empty() const { return pieces_.empty(); }
  // Octets of the page with these values.
  std::size_t size(const Values& values) const;
  // Writes them; out has room for size(values). Returns the place behind the last.
  char* write(const Values& values, char* out) const;

 private:
  enum class Kind : std::uint8_t { kText, kStatus, kReason, kSentence, kReference, kRule };
  struct Piece {
    Kind kind;
    std::uint32_t begin;  // of kText: where in text_
    std::uint32_t size;
  };
  static Kind placeholder(std::string_view name);
  void add(Kind kind, std::size_t begin, std::size_t end);

  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace gatehouse::worker::http
