// SPDX-License-Identifier: Apache-2.0
// What the rules of the grammar make of a text: one statement of a rule file. Included by parse.cc
// only.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/language/document.h"
#include "policy/language/grammar.h"

namespace gatehouse::policy {

// One file while it is read.
struct Source {
  std::string_view text;
  std::size_t file;

  // So many octets behind a position in the same line.
  Place place(const tao::pegtl::position& position, std::ptrdiff_t further = 0) const {
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
struct Action : tao::pegtl::nothing<Rule> {};

template <Word::Kind kKind>
struct AddsWord {
  template <class Input>
  static void apply(const Input& in, Statement& s) {
    s.sink->push_back(s.word(in, kKind));
  }
};
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
struct Action<grammar::label_key> : BeginsTerm<Keyword::kLabel> {};
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
struct Action<grammar::status_key> : BeginsTerm<Keyword::kStatus> {};
template <>
struct Action<grammar::type_key> : BeginsTerm<Keyword::kType> {};
template <>
struct Action<grammar::size_key> : BeginsTerm<Keyword::kSize> {};
template <>
struct Action<grammar::size_value> : AddsWord<Word::Kind::kPlain> {};
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
struct Action<grammar::upstream_key> : AddsAnswer {};
template <>
struct Action<grammar::upstream_name> : AddsAnswer {};
template <>
struct Action<grammar::edited_name> : AddsAnswer {};
template <>
struct Action<grammar::amount> : AddsAnswer {};
template <>
struct Action<grammar::connections_key> : AddsAnswer {};
template <>
struct Action<grammar::burst_key> : AddsAnswer {};
template <>
struct Action<grammar::burst_count> : AddsAnswer {};
template <>
struct Action<grammar::shared_key> : AddsAnswer {};
template <>
struct Action<grammar::per_key> : AddsAnswer {};
template <>
struct Action<grammar::per_bare> : AddsAnswer {};
template <>
struct Action<grammar::per_header> : AddsAnswer {};

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
struct Action<grammar::limit_key> : SetsVerb<wire::POLICY_LIMIT> {};
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

}  // namespace gatehouse::policy
