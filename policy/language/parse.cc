// SPDX-License-Identifier: Apache-2.0
#include "policy/language/parse.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/values.h"
#include "policy/language/actions.h"
#include "policy/language/expected.h"
#include "policy/language/grammar.h"

namespace gatehouse::policy {
namespace {

namespace pegtl = tao::pegtl;

constexpr std::array<std::string_view, 10> kStatements = {
    "allow", "deny", "audit", "tag", "header", "limit", "set", "list", "include", "expect"};
// Words that may stand behind the name of a rule.
constexpr std::array<std::string_view, 26> kRuleWords = {
    "from",   "label", "listener", "port",       "method",     "to",   "path",
    "header", "when",  "verified", "unverified", "status",     "type", "size",
    "page",   "json",  "empty",    "redirect",   "reset",      "as",   "set",
    "remove", "burst", "per",      "shared",     "connections"};

// The word at octet, for messages; "the end of the line" where there is none.
std::string found_at(std::string_view text, std::size_t octet) {
  const std::string_view rest = text.substr(octet, text.find_first_of("\r\n", octet) - octet);
  if (rest.empty()) return "the end of the line";
  const std::size_t end = rest.find_first_of(" \t", 1);
  return in_quotes(rest.substr(0, end));
}

// The blanks before what is wrong are not wrong.
std::size_t blanks_at(std::string_view text, std::size_t octet) {
  return std::min(text.find_first_not_of(" \t", octet), text.size()) - octet;
}

std::string_view word_at(std::string_view text, std::size_t octet) {
  return text.substr(octet, text.find_first_of(" \t\r\n,", octet) - octet);
}

std::string suggestion(std::string_view word, std::string_view near) {
  if (word.empty() || word == near) return {};
  return std::string(" (did you mean ").append(near).append("?)");
}

class Parser {
 public:
  Parser(Files* files, Findings* errors) : files_(files), errors_(errors) {}

  Document parse(const std::string& path) {
    read(path, {}, 0);
    return std::move(document_);
  }

 private:
  void read(const std::string& path, const std::optional<Place>& from, std::size_t depth);
  bool check_text(const Source& source);
  void parse_text(const Source& source, std::size_t depth);
  void take(Statement& statement, std::size_t depth);
  void complain(const Source& source, std::string_view expected, const pegtl::position& at);
  void complain_about_statement(const Source& source, const pegtl::position& at);

  Files* files_;
  Findings* errors_;
  Document document_;
  std::size_t octets_ = 0;
};

// from: where it is included; none: the policy's own file.
void Parser::read(const std::string& path, const std::optional<Place>& from, std::size_t depth) {
  if (!from) document_.files.push_back(path);
  const Place at = from.value_or(Place{});
  const auto said = [&](const std::string& why) {
    errors_->add(at, from ? in_quotes(path) + " " + why : why);
  };
  if (const std::string why = path_problem(path); !why.empty()) return said(why);
  if (from) {
    if (std::find(document_.files.begin(), document_.files.end(), path) != document_.files.end()) {
      return said("is included already; each file once");
    }
    if (depth > kMaxDepth || document_.files.size() >= kMaxFiles) {
      return said("is one too many; at most 64 files, 8 levels deep");
    }
    document_.files.push_back(path);
  }
  const Result<std::string> text = files_->read(path);
  if (!text) return said(text.error().what);
  octets_ += text->size();
  if (text->size() > kMaxFile || octets_ > kMaxAllFiles) {
    return said("is too large; at most 1 MiB a file, 4 MiB in all");
  }
  const Source source{*text, document_.files.size() - 1};
  if (check_text(source)) parse_text(source, depth);
}

bool Parser::check_text(const Source& source) {
  unsigned line = 0;
  for (std::size_t begin = 0; begin < source.text.size();) {
    ++line;
    const std::size_t end = std::min(source.text.find('\n', begin), source.text.size());
    const std::string_view text = source.text.substr(begin, end - begin);
    if (text.size() > kMaxLine) {
      errors_->add({source.file, line, 1},
                   "the line is longer than 4096 octets; break it after a comma");
      return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto octet = static_cast<unsigned char>(text[i]);
      const bool last = i + 1 == text.size();
      if ((octet < 0x20 && octet != '\t' && !(octet == '\r' && last)) || octet == 0x7f) {
        errors_->add({source.file, line, Source::column(text.substr(0, i))},
                     "there is a control character");
        return false;
      }
    }
    begin = end + 1;
  }
  return true;
}

void Parser::parse_text(const Source& source, std::size_t depth) {
  pegtl::memory_input in(source.text, "");
  while (!in.empty()) {
    const pegtl::position begin = in.position();
    Statement statement(source);
    bool matched = false;
    try {
      matched = pegtl::parse<grammar::line, Action, Control>(in, statement);
      if (!matched) complain_about_statement(source, begin);
    } catch (const pegtl::parse_error& error) {
      const pegtl::position& at = error.positions().front();
      complain(source, error.message(), at);
      if (at.byte > in.byte()) in.bump(at.byte - in.byte());
    }
    if (matched) {
      take(statement, depth);
    } else {  // on with the line behind the one that is wrong
      const std::size_t end = source.text.find('\n', in.byte());
      in.bump(end == source.text.npos ? in.size() : end + 1 - in.byte());
    }
  }
}

void Parser::take(Statement& statement, std::size_t depth) {
  if (statement.definition) document_.definitions.push_back(std::move(*statement.definition));
  if (statement.expect) document_.expects.push_back(std::move(*statement.expect));
  if (statement.include) read(statement.include->text, statement.include->place, depth + 1);
}

void Parser::complain(const Source& source, std::string_view expected, const pegtl::position& at) {
  const std::size_t blanks = blanks_at(source.text, at.byte);
  const std::string_view word = word_at(source.text, at.byte + blanks);
  std::string what(expected);
  if (expected == kExpected<grammar::rule_end> && !word.empty()) {
    if (const auto near = config::nearest(word, kRuleWords)) what += suggestion(word, *near);
  }
  errors_->add(source.place(at, static_cast<std::ptrdiff_t>(blanks)),
               what + "; found " + found_at(source.text, at.byte + blanks));
}

void Parser::complain_about_statement(const Source& source, const pegtl::position& at) {
  const std::size_t blanks = blanks_at(source.text, at.byte);
  const std::string_view word = word_at(source.text, at.byte + blanks);
  std::string what =
      "expected allow, deny, audit, tag, header, limit, set, list, include or expect";
  if (const auto near = config::nearest(word, kStatements)) {
    what += suggestion(word, *near);
  }
  errors_->add(source.place(at, static_cast<std::ptrdiff_t>(blanks)),
               what + "; found " + found_at(source.text, at.byte + blanks));
}

}  // namespace

std::string_view keyword_text(Keyword keyword) {
  return kRuleWords[static_cast<std::size_t>(keyword)];
}

std::string path_problem(std::string_view path) {
  if (path.empty()) return "is empty; valid is the path of a file";
  if (path[0] == '/') {
    return "is absolute; valid is a path beneath the directory of the configuration file";
  }
  if (path.size() > 200) return "is longer than 200 octets";
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") {
      return "has an empty part, \".\" or \"..\"; valid is a path beneath the directory of the "
             "configuration file";
    }
    begin = end + 1;
  }
  return {};
}

Document parse(const std::string& path, Files* files, Findings* errors) {
  return Parser(files, errors).parse(path);
}

}  // namespace gatehouse::policy
