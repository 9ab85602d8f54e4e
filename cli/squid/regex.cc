// SPDX-License-Identifier: Apache-2.0
#include "cli/squid/regex.h"

#include "policy/text_pattern.h"

namespace gatehouse::squid {
namespace {

constexpr std::size_t kMaxRegex = 1000;  // octets

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// Moves *at behind a bracket expression that begins there; false: the two differ about it.
bool pass_bracket(std::string_view text, std::size_t* at) {
  std::size_t i = *at + 1;
  if (i < text.size() && text[i] == '^') ++i;
  if (i < text.size() && text[i] == ']') ++i;
  for (; i < text.size() && text[i] != ']'; ++i) {
    if (text[i] == '\\') return false;
    if (text[i] != '[') continue;
    // [:alpha:] is in both, [.a.] and [=a=] are in POSIX only.
    if (i + 1 < text.size() && (text[i + 1] == '.' || text[i + 1] == '=')) return false;
    if (i + 1 < text.size() && text[i + 1] == ':') {
      const std::size_t end = text.find(":]", i + 2);
      if (end == text.npos) return false;
      i = end + 1;
    }
  }
  *at = i + 1;
  return i < text.size();
}

bool alike(std::string_view text) {
  char last = '\0';  // '*' behind a repetition, '(' where something must follow
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c < 0x20 || c > 0x7e || c == '"') return false;
    if (c == '\\') {
      if (i + 1 >= text.size() || is_alphanumeric(text[i + 1]) || text[i + 1] == '<' ||
          text[i + 1] == '>' || text[i + 1] == '`' || text[i + 1] == '\'' || text[i + 1] == '"') {
        return false;
      }
      i += 2;
      last = 'a';
      continue;
    }
    if (c == '[') {
      if (!pass_bracket(text, &i)) return false;
      last = 'a';
      continue;
    }
    // A repetition of nothing or of a repetition is read differently; "{" by itself too.
    const bool repeats = c == '*' || c == '+' || c == '?';
    if (c == '{' || c == '}') return false;
    if (repeats && (last == '*' || last == '(' || last == '\0')) return false;
    last = repeats ? '*' : c == '(' || c == '|' || c == '^' ? '(' : 'a';
    ++i;
  }
  return !text.ends_with('|') && text.find("||") == text.npos && text.find("(|") == text.npos &&
         text.find("|)") == text.npos && text.find("()") == text.npos && !text.starts_with('|');
}

// The name of `www\.example\.com`; nothing where anything else than a name is written.
std::optional<std::string> plain_name(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '.' || text[i + 1] == '-')) {
      name += text[++i];
    } else if (is_alphanumeric(text[i]) || text[i] == '-' || text[i] == '_') {
      name += text[i];
    } else {
      return std::nullopt;
    }
  }
  return name.empty() ? std::nullopt : std::optional(name);
}

}  // namespace

std::optional<std::string> same_regex(std::string_view posix, bool ignore_case) {
  if (posix.empty() || posix.size() > kMaxRegex || !alike(posix)) return std::nullopt;
  if (!policy::regex_problem(posix).empty()) return std::nullopt;
  return (ignore_case ? "(?i)" : "") + std::string(posix);
}

std::optional<std::string> name_of_regex(std::string_view posix) {
  constexpr std::string_view kAll = "(^|\\.)";
  if (!posix.ends_with('$') || posix.ends_with("\\$")) return std::nullopt;
  posix.remove_suffix(1);
  if (posix.starts_with(kAll)) {
    const auto name = plain_name(posix.substr(kAll.size()));
    return name ? std::optional("." + *name) : std::nullopt;
  }
  return posix.starts_with('^') ? plain_name(posix.substr(1)) : std::nullopt;
}

}  // namespace gatehouse::squid
