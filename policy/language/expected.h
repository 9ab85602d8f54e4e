// SPDX-License-Identifier: Apache-2.0
// What is said where a rule of the grammar fails. Included by parse.cc only.
#pragma once

#include "policy/language/grammar.h"

namespace gatehouse::policy {

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
inline constexpr auto kExpected<grammar::more_than> =
    "expected > and a size, such as size > 100MiB";
template <>
inline constexpr auto kExpected<grammar::size_value> = "expected a size, such as 100MiB";
template <>
inline constexpr auto kExpected<grammar::answer_text> = "expected text in quotes";
template <>
inline constexpr auto kExpected<grammar::burst_count> = "expected how many may come at once";
template <>
inline constexpr auto kExpected<grammar::per_what> =
    "expected client, host or header and the name of a header field";
template <>
inline constexpr auto kExpected<grammar::tag_name> = "expected a word to log";
template <>
inline constexpr auto kExpected<grammar::upstream_name> = "expected the name of an [[upstream]]";
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
    "expected a condition (from, label, listener, port, method, to, path, header, when, verified, "
    "status, type, size), the "
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
using Control =
    typename tao::pegtl::must_if<Messages, tao::pegtl::normal, false>::template control<Rule>;

}  // namespace gatehouse::policy
