// SPDX-License-Identifier: Apache-2.0
#include "worker/http/error_template.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace gatehouse::worker::http {
namespace {

// What an octet is in HTML text and in a quoted attribute; empty: itself.
std::string_view escaped(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

class Decimal {
 public:
  explicit Decimal(std::uint16_t number)
      : end_(std::to_chars(digits_.data(), digits_.data() + digits_.size(), number).ptr) {}
  std::string_view view() const {
    return {digits_.data(), static_cast<std::size_t>(end_ - digits_.data())};
  }

 private:
  std::array<char, 5> digits_;
  char* end_;
};

}  // namespace

ErrorTemplate::ErrorTemplate(std::string_view text) {
  if (text.size() > kMaxText) return;
  text_ = text;
  std::size_t done = 0;
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    const std::size_t close = text.find("}}", at);
    if (close == std::string_view::npos) break;
    const Kind kind = placeholder(text.substr(at + 2, close - at - 2));
    if (kind == Kind::kText) {
      ++at;  // "{{{status}}" holds one at its second brace
      continue;
    }
    add(Kind::kText, done, at);
    add(kind, at, close + 2);
    at = done = close + 2;
  }
  add(Kind::kText, done, text.size());
}

ErrorTemplate::Kind ErrorTemplate::placeholder(std::string_view name) {
  if (name == "status") return Kind::kStatus;
  if (name == "reason") return Kind::kReason;
  if (name == "sentence") return Kind::kSentence;
  if (name == "reference") return Kind::kReference;
  if (name == "rule") return Kind::kRule;
  return Kind::kText;
}

void ErrorTemplate::add(Kind kind, std::size_t begin, std::size_t end) {
  if (begin == end) return;
  pieces_.push_back(
      {kind, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)});
}

std::size_t ErrorTemplate::size(const Values& values) const {
  const Decimal status(values.status);
  const auto escaped_size = [](std::string_view value) {
    std::size_t size = 0;
    for (const char c : value) size += std::max<std::size_t>(1, escaped(c).size());
    return size;
  };
  const std::size_t sizes[] = {0,
                               status.view().size(),
                               escaped_size(values.reason),
                               escaped_size(values.sentence),
                               escaped_size(values.reference),
                               escaped_size(values.rule)};
  std::size_t total = 0;
  for (const Piece& piece : pieces_) {
    total += piece.kind == Kind::kText ? piece.size : sizes[static_cast<std::size_t>(piece.kind)];
  }
  return total;
}

char* ErrorTemplate::write(const Values& values, char* out) const {
  const Decimal status(values.status);
  const std::string_view inserted[] = {
      {}, status.view(), values.reason, values.sentence, values.reference, values.rule};
  for (const Piece& piece : pieces_) {
    if (piece.kind == Kind::kText) {
      out = std::copy_n(text_.data() + piece.begin, piece.size, out);
      continue;
    }
    for (const char c : inserted[static_cast<std::size_t>(piece.kind)]) {
      const std::string_view entity = escaped(c);
      if (entity.empty()) {
        *out++ = c;
      } else {
        out = std::copy(entity.begin(), entity.end(), out);
      }
    }
  }
  return out;
}

}  // namespace gatehouse::worker::http
