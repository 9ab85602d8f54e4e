// SPDX-License-Identifier: Apache-2.0
#include "policy/language/parse.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/values.h"
#include "policy/language/grammar.h"

namespace gatehouse::policy {
namespace {

namespace pegtl = tao::pegtl;

constexpr std::array<std::string_view, 9> kStatements = {
    "allow", "deny", "audit", "tag", "header", "set", "list", "include", "expect"};
// Words that may stand behind the name of a rule.
constexpr std::array<std::string_view, 18> kRuleWords = {
    "from",       "listener", "port", "method", "to",       "path",  "header", "when", "verified",
    "unverified", "page",     "json", "empty",  "redirect", "reset", "as",     "set",  "remove"};

// One file while it is read.
struct Source {
  std::string_view text;
  std::size_t file;

  // So many octets behind a position in the same line.
  Place place(const pegtl::position& position, std::ptrdiff_t further = 0) const {
    const std::size_t begin = position.byte - (position.column - 1);
    const auto end = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(position.byte) + further);
    return {file, static_cast<unsigned>(position.line), column(text.substr(begin, end - begin))};
  }
  // The column behind what stands before it in its line.
  static unsigned column(std::string_view before) {
    return 1 + static_cast<unsigned>(std::count_if(before.begin(), before.end(),
                                                   [](char c) { return (c & 0xc0) != 0x80; }));
  }
};

// What the actions collect of one statement.
struct Statement {
  explicit Statement(const Source& from) : source(from) {}

  template <class Input>
  Word word(const Input& in, Word::Kind kind = Word::Kind::kPlain) const {
    return {kind, in.string(), source.place(in.position())};
  }
  void begin_term(Keyword keyword, const Place& place) {
    rule.terms.push_back({keyword, false, place, {}});
    sink = &rule.terms.back().items;
  }

  const Source& source;
  WrittenRule rule;
  std::vector<Word> names, words;
  std::vector<Word>* sink = &words;
  bool negated_before = false;
  // Complete.
  std::optional<Definition> definition;
  std::optional<WrittenExpect> expect;
  std::optional<Word> include;
};

template <class Rule>
struct Action : pegtl::nothing<Rule> {};

template <Keyword kKeyword>
struct BeginsTerm {
  template <class Input>
  static void apply(const Input& in, Statement& s) {
    s.begin_term(kKeyword, s.source.place(in.position()));
  }
};
template <>
struct Action<grammar::from_key> : BeginsTerm<Keyword::kFrom> {};
template <>
struct Action<grammar::listener_key> : BeginsTerm<Keyword::kListener> {};
template <>
struct Action<grammar::port_key> : BeginsTerm<Keyword::kPort> {};
template <>
struct Action<grammar::method_key> : BeginsTerm<Keyword::kMethod> {};
template <>
struct Action<grammar::to_key> : BeginsTerm<Keyword::kTo> {};
template <>
struct Action<grammar::path_key> : BeginsTerm<Keyword::kPath> {};
template <>
struct Action<grammar::header_key> : BeginsTerm<Keyword::kHeader> {};
template <>
struct Action<grammar::when_key> : BeginsTerm<Keyword::kWhen> {};
template <>
struct Action<grammar::unverified_key> : BeginsTerm<Keyword::kUnverified> {};
template <>
struct Action<grammar::verified_key> {
  template <class Input>
  static void apply(const Input& in, Statement& s) {
    s.begin_term(Keyword::kVerified, s.source.place(in.position()));
    s.rule.terms.back().negated = std::exchange(s.negated_before, false);
  }
};
template <>
struct Action<grammar::negation> {
  static void apply0(Statement& s) { s.rule.terms.back().negated = true; }
};
template <>
struct Action<grammar::negation_before> {
  static void apply0(Statement& s) { s.negated_before = true; }
};

// Words of items.
template <Word::Kind kKind>
struct AddsWord {
  template <class Input>
  static void apply(const Input& in, Statement& s) {
    s.sink->push_back(s.word(in, kKind));
  }
};
template <>
struct Action<grammar::plain> : AddsWord<Word::Kind::kPlain> {};
template <>
struct Action<grammar::solid> : AddsWord<Word::Kind::kPlain> {};
template <>
struct Action<grammar::field_name> : AddsWord<Word::Kind::kPlain> {};
template <>
struct Action<grammar::days> : AddsWord<Word::Kind::kPlain> {};
template <>
struct Action<grammar::hours> : AddsWord<Word::Kind::kPlain> {};
template <>
struct Action<grammar::zone> : AddsWord<Word::Kind::kPlain> {};
template <>
struct Action<grammar::reference_name> : AddsWord<Word::Kind::kReference> {};
template <>
struct Action<grammar::inner> {
  template <class Input>
  static void apply(const Input& in, Statement& s) {
    std::string text;
    const std::string_view raw = in.string_view();
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw.substr(i, 2) == "\\\"") ++i;
      text += raw[i];
    }
    s.sink->push_back({Word::Kind::kQuoted, text, s.source.place(in.position(), -1)});
  }
};
template <>
struct Action<grammar::regex> {
  static void apply0(Statement& s) { s.sink->back().kind = Word::Kind::kRegex; }
};

// The answer.
struct AddsAnswer {
  template <class Input>
  static void apply(const Input& in, Statement& s) {
    s.sink = &s.rule.answer;
    s.sink->push_back(s.word(in));
  }
};
template <>
struct Action<grammar::text_form> : AddsAnswer {};
template <>
struct Action<grammar::bare_form> : AddsAnswer {};
template <>
struct Action<grammar::redirect_key> : AddsAnswer {};
template <>
struct Action<grammar::as_key> : AddsAnswer {};
template <>
struct Action<grammar::set_key> : AddsAnswer {};
template <>
struct Action<grammar::remove_key> : AddsAnswer {};
template <>
struct Action<grammar::tag_name> : AddsAnswer {};
template <>
struct Action<grammar::edited_name> : AddsAnswer {};

// Rules.
template <wire::PolicyVerb kVerb>
struct SetsVerb {
  static void apply0(Statement& s) { s.rule.verb = kVerb; }
};
template <>
struct Action<grammar::allow_key> : SetsVerb<wire::POLICY_ALLOW> {};
template <>
struct Action<grammar::deny_key> : SetsVerb<wire::POLICY_DENY> {};
template <>
struct Action<grammar::audit_key> : SetsVerb<wire::POLICY_AUDIT> {};
template <>
struct Action<grammar::tag_key> : SetsVerb<wire::POLICY_TAG> {};
template <>
struct Action<grammar::header_verb> : SetsVerb<wire::POLICY_HEADER> {};
template <>
struct Action<grammar::rule_name> {
  template <class Input>
  static void apply(const Input& in, Statement& s) {
    s.rule.name = s.word(in);
  }
};
template <>
struct Action<grammar::rule> {
  static void apply0(Statement& s) { s.definition.emplace().rule = std::move(s.rule); }
};

// The other statements.
template <>
struct Action<grammar::defined_name> {
  template <class Input>
  static void apply(const Input& in, Statement& s) {
    s.names.push_back(s.word(in));
  }
};
template <>
struct Action<grammar::set> {
  static void apply0(Statement& s) {
    s.definition.emplace().set = WrittenSet{std::move(s.names[0]), std::move(s.words)};
  }
};
template <>
struct Action<grammar::list_statement> {
  static void apply0(Statement& s) {
    WrittenList& list = s.definition.emplace().list.emplace();
    list.names = std::move(s.names);
    list.path = std::move(s.words[0]);
    if (s.words.size() > 1) list.form = std::move(s.words[1]);
  }
};
template <>
struct Action<grammar::include> {
  static void apply0(Statement& s) { s.include = std::move(s.words[0]); }
};
template <>
struct Action<grammar::arrow> {
  static void apply0(Statement& s) { s.sink = &s.rule.answer; }
};
template <>
struct Action<grammar::result_word> : AddsWord<Word::Kind::kPlain> {};
template <>
struct Action<grammar::expect> {
  template <class Input>
  static void apply(const Input& in, Statement& s) {
    s.expect =
        WrittenExpect{s.source.place(in.position()), std::move(s.words), std::move(s.rule.answer)};
  }
};

// What was expected where a rule fails; must_if needs one for each rule within a must.
template <class Rule>
inline constexpr const char* kExpected = nullptr;
template <>
inline constexpr auto kExpected<grammar::name_gap> = "expected a space and a name";
template <>
inline constexpr auto kExpected<grammar::value_gap> = "expected a space and a value";
template <>
inline constexpr auto kExpected<grammar::items> =
    "expected a value: a word, \"text\", ~\"expression\" or @set";
template <>
inline constexpr auto kExpected<grammar::item> = "expected another value after the comma";
template <>
inline constexpr auto kExpected<grammar::inner> = "expected text";
template <>
inline constexpr auto kExpected<grammar::close_quote> = "expected a closing quote in the same line";
template <>
inline constexpr auto kExpected<grammar::regex_string> = "expected an expression in quotes after ~";
template <>
inline constexpr auto kExpected<grammar::reference_name> =
    "expected the name of a set or list after @";
template <>
inline constexpr auto kExpected<grammar::field_name> = "expected the name of a header field";
template <>
inline constexpr auto kExpected<grammar::edited_name> = "expected the name of a header field";
template <>
inline constexpr auto kExpected<grammar::zone> =
    "expected days (Mon-Fri), hours (08:00-15:00), and a time zone (Europe/Vienna, UTC) at the end";
template <>
inline constexpr auto kExpected<grammar::answer_text> = "expected text in quotes";
template <>
inline constexpr auto kExpected<grammar::tag_name> = "expected a word to log";
template <>
inline constexpr auto kExpected<grammar::rule_name> =
    "expected the name of the rule: letters, digits, '-', '_', '.'";
template <>
inline constexpr auto kExpected<grammar::defined_name> =
    "expected a name: letters, digits, '-', '_', '.'";
template <>
inline constexpr auto kExpected<grammar::equals> = "expected '='";
template <>
inline constexpr auto kExpected<grammar::string_> = "expected the path of a file in quotes";
template <>
inline constexpr auto kExpected<grammar::list_form> =
    "expected the form of the list: plain, hosts, adblock, rpz, networks or urls";
template <>
inline constexpr auto kExpected<grammar::question> =
    "expected the client's address, a method and a URL";
template <>
inline constexpr auto kExpected<grammar::arrow> =
    "expected -> and the decision, such as -> deny rest";
template <>
inline constexpr auto kExpected<grammar::result_words> =
    "expected the decision: allow or deny, and the name of the rule";
template <>
inline constexpr auto kExpected<grammar::rule_end> =
    "expected a condition (from, listener, port, method, to, path, header, when, verified), the "
    "rule's answer or the end of the line";
template <>
inline constexpr auto kExpected<grammar::line_end> = "expected the end of the line";

struct Messages {
  template <class Rule>
  static constexpr const char* message = kExpected<Rule>;
  template <class Rule>
  static constexpr bool raise_on_failure = false;
};
template <class Rule>
using Control = typename pegtl::must_if<Messages, pegtl::normal, false>::template control<Rule>;

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
  std::string what = "expected allow, deny, audit, tag, header, set, list, include or expect";
  if (word == "limit") {
    what += " (limit is not part of this version)";
  } else if (const auto near = config::nearest(word, kStatements)) {
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
