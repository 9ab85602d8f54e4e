// SPDX-License-Identifier: Apache-2.0
#include "policy/text_pattern.h"

#include <re2/re2.h>

#include <algorithm>

namespace gatehouse::policy {
namespace {

// Octets that the automata of one expression may take; beyond it RE2 falls back to slower ones.
constexpr std::int64_t kRegexMemory = std::int64_t{1} << 20;

std::unique_ptr<re2::RE2> compile(std::string_view regex) {
  re2::RE2::Options options;
  options.set_max_mem(kRegexMemory);
  options.set_log_errors(false);
  options.set_never_capture(true);
  // Octets, not characters: what is matched comes from a peer and need not be UTF-8.
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  return std::make_unique<re2::RE2>(re2::StringPiece(regex.data(), regex.size()), options);
}

template <class Strings>
std::vector<std::string> copy(const Strings& strings) {
  return {strings.begin(), strings.end()};
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view text) {
  std::size_t g = 0, t = 0, star = glob.npos, mark = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      mark = t;
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != glob.npos) {
      g = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

std::string regex_problem(std::string_view regex) {
  const auto compiled = compile(regex);
  return compiled->ok() ? std::string() : compiled->error();
}

TextPattern::TextPattern() = default;
TextPattern::TextPattern(TextPattern&&) noexcept = default;
TextPattern& TextPattern::operator=(TextPattern&&) noexcept = default;
TextPattern::~TextPattern() = default;

Result<TextPattern> TextPattern::make(const wire::PolicyTexts& texts) {
  TextPattern pattern;
  pattern.exact_ = copy(texts.exact());
  pattern.prefixes_ = copy(texts.prefixes());
  pattern.globs_ = copy(texts.globs());
  for (const std::string& regex : texts.regexes()) {
    pattern.regexes_.push_back(compile(regex));
    if (!pattern.regexes_.back()->ok()) return Error{EINVAL, "a regular expression is malformed"};
  }
  return pattern;
}

bool TextPattern::matches(std::string_view text) const {
  const auto any = [](const auto& all, auto test) {
    return std::any_of(all.begin(), all.end(), test);
  };
  return any(exact_, [&](const std::string& exact) { return exact == text; }) ||
         any(prefixes_, [&](const std::string& prefix) { return text.starts_with(prefix); }) ||
         any(globs_, [&](const std::string& glob) { return glob_matches(glob, text); }) ||
         any(regexes_, [&](const auto& regex) {
           return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex);
         });
}

}  // namespace gatehouse::policy
