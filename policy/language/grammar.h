// SPDX-License-Identifier: Apache-2.0
// The grammar. Included by parse.cc only; docs/policy.md has it in words.
#pragma once

#include <tao/pegtl.hpp>
#include <tao/pegtl/must_if.hpp>

namespace gatehouse::policy::grammar {

using namespace tao::pegtl;  // NOLINT(google-build-using-namespace): the rules read like a grammar

struct blank : one<' ', '\t'> {};
struct gap : plus<blank> {};
struct comment : seq<one<'#'>, star<not_at<eol>, any>> {};
struct line_end : seq<star<blank>, opt<comment>, eolf> {};
// After a comma a list may go on in the next line.
struct comma : seq<star<blank>, one<','>, star<sor<blank, seq<opt<comment>, eol>>>> {};

struct letter : ranges<'a', 'z', 'A', 'Z', '0', '9', '-', '-', '_', '_', '.', '.'> {};
template <char... Text>
struct key : seq<string<Text...>, not_at<letter>> {};
struct not_key : key<'n', 'o', 't'> {};

struct name : plus<letter> {};
struct plain : seq<not_one<' ', '\t', '\r', '\n', ',', '"', '#', '@', '~', '='>,
                   star<not_one<' ', '\t', '\r', '\n', ',', '"', '#'>>> {};
struct solid : plus<not_one<' ', '\t', '\r', '\n'>> {};  // of expect
struct quote : one<'"'> {};
struct inner : star<sor<string<'\\', '"'>, not_one<'"', '\r', '\n'>>> {};
struct close_quote : one<'"'> {};
struct string_ : if_must<quote, inner, close_quote> {};
struct regex_string : seq<string_> {};
struct regex : if_must<one<'~'>, regex_string> {};
struct reference_name : seq<name> {};
struct reference : if_must<one<'@'>, reference_name> {};
struct item : sor<reference, regex, string_, plain> {};
struct items : list_must<item, comma> {};

// Terms.
struct from_key : key<'f', 'r', 'o', 'm'> {};
struct label_key : key<'l', 'a', 'b', 'e', 'l'> {};
struct listener_key : key<'l', 'i', 's', 't', 'e', 'n', 'e', 'r'> {};
struct port_key : key<'p', 'o', 'r', 't'> {};
struct method_key : key<'m', 'e', 't', 'h', 'o', 'd'> {};
struct to_key : key<'t', 'o'> {};
struct path_key : key<'p', 'a', 't', 'h'> {};
struct header_key : key<'h', 'e', 'a', 'd', 'e', 'r'> {};
struct when_key : key<'w', 'h', 'e', 'n'> {};
struct verified_key : key<'v', 'e', 'r', 'i', 'f', 'i', 'e', 'd'> {};
struct unverified_key : key<'u', 'n', 'v', 'e', 'r', 'i', 'f', 'i', 'e', 'd'> {};

struct status_key : key<'s', 't', 'a', 't', 'u', 's'> {};
struct type_key : key<'t', 'y', 'p', 'e'> {};
struct size_key : key<'s', 'i', 'z', 'e'> {};

struct negation : seq<not_key, gap> {};
struct negation_before : seq<not_key, gap> {};
struct name_gap : gap {};
struct value_gap : gap {};
struct list_key : sor<from_key, label_key, listener_key, port_key, method_key, to_key, path_key,
                      status_key, type_key> {};
struct list_term : if_must<list_key, value_gap, opt<negation>, items> {};

struct field_name : plain {};
struct header_value : sor<string_, regex> {};
struct header_term : if_must<header_key, value_gap, opt<negation>, field_name,
                             opt<gap, at<one<'"', '~'>>, header_value>> {};

struct day : sor<string<'M', 'o', 'n'>, string<'T', 'u', 'e'>, string<'W', 'e', 'd'>,
                 string<'T', 'h', 'u'>, string<'F', 'r', 'i'>, string<'S', 'a', 't'>,
                 string<'S', 'u', 'n'>> {};
struct days : seq<day, opt<one<'-'>, day>> {};
struct clock : seq<rep<2, digit>, one<':'>, rep<2, digit>> {};
struct hours : seq<clock, one<'-'>, clock> {};
struct zone : seq<alpha, star<sor<alnum, one<'/', '_', '-', '+'>>>> {};
struct when_term : if_must<when_key, value_gap, opt<negation>,
                           opt<at<days, sor<blank, one<','>>>, list<days, one<','>>, gap>,
                           opt<at<hours>, list<hours, one<','>>, gap>, zone> {};
struct more_than : seq<one<'>'>, star<blank>> {};
struct size_value : plain {};
struct size_term : if_must<size_key, value_gap, more_than, size_value> {};
struct verified_term : seq<opt<negation_before>, verified_key> {};
struct term : sor<list_term, header_term, when_term, size_term, unverified_key, verified_term> {};

// What comes behind the terms.
struct answer_text : seq<string_> {};
struct text_form : sor<key<'p', 'a', 'g', 'e'>, key<'j', 's', 'o', 'n'>> {};
struct bare_form : sor<key<'e', 'm', 'p', 't', 'y'>, key<'r', 'e', 's', 'e', 't'>> {};
struct redirect_key : key<'r', 'e', 'd', 'i', 'r', 'e', 'c', 't'> {};
struct as_key : key<'a', 's'> {};
struct set_key : key<'s', 'e', 't'> {};
struct upstream_key : key<'u', 'p', 's', 't', 'r', 'e', 'a', 'm'> {};
struct remove_key : key<'r', 'e', 'm', 'o', 'v', 'e'> {};
struct tag_name : seq<name> {};
struct upstream_name : seq<name> {};
struct edited_name : plain {};
struct amount_text : plain {};
struct amount : seq<at<digit>, amount_text> {};
struct connections_key : key<'c', 'o', 'n', 'n', 'e', 'c', 't', 'i', 'o', 'n', 's'> {};
struct burst_key : key<'b', 'u', 'r', 's', 't'> {};
struct burst_count : plain {};
struct shared_key : key<'s', 'h', 'a', 'r', 'e', 'd'> {};
struct per_key : key<'p', 'e', 'r'> {};
struct per_bare : sor<key<'c', 'l', 'i', 'e', 'n', 't'>, key<'h', 'o', 's', 't'>> {};
struct per_header : key<'h', 'e', 'a', 'd', 'e', 'r'> {};
struct per_what : sor<per_bare, if_must<per_header, value_gap, edited_name>> {};
struct scope : sor<shared_key, if_must<per_key, value_gap, per_what>> {};
struct limit_answer : seq<amount, opt<gap, connections_key>,
                          opt<gap, if_must<burst_key, value_gap, burst_count>>, opt<gap, scope>> {};
// Each begins with one of these words, or with a number.
struct answer
    : sor<seq<text_form, opt<gap, at<quote>, answer_text>>, bare_form,
          if_must<redirect_key, value_gap, answer_text>, if_must<as_key, value_gap, tag_name>,
          if_must<set_key, value_gap, edited_name, value_gap, answer_text>,
          if_must<remove_key, value_gap, edited_name>,
          if_must<upstream_key, value_gap, upstream_name>, limit_answer> {};

// Statements.
struct allow_key : key<'a', 'l', 'l', 'o', 'w'> {};
struct deny_key : key<'d', 'e', 'n', 'y'> {};
struct audit_key : key<'a', 'u', 'd', 'i', 't'> {};
struct tag_key : key<'t', 'a', 'g'> {};
struct header_verb : key<'h', 'e', 'a', 'd', 'e', 'r'> {};
struct limit_key : key<'l', 'i', 'm', 'i', 't'> {};
struct verb : sor<allow_key, deny_key, audit_key, tag_key, header_verb, limit_key> {};
struct rule_name : seq<name> {};
struct rule_rest : seq<star<gap, term>, opt<gap, answer>> {};
struct rule_end : at<line_end> {};
struct rule : if_must<verb, name_gap, rule_name, rule_rest, rule_end> {};

struct defined_name : seq<name> {};
struct equals : seq<star<blank>, one<'='>, star<blank>> {};
struct set : if_must<key<'s', 'e', 't'>, name_gap, defined_name, equals, items> {};
struct form_key : key<'a', 's'> {};
struct list_form : seq<plain> {};
struct list_statement
    : if_must<key<'l', 'i', 's', 't'>, name_gap, list_must<defined_name, comma>, equals, string_,
              opt<gap, if_must<form_key, value_gap, list_form>>> {};
struct include : if_must<key<'i', 'n', 'c', 'l', 'u', 'd', 'e'>, value_gap, string_> {};

struct arrow : seq<gap, string<'-', '>'>, gap> {};
struct question_word : sor<string_, solid> {};
struct question : list<question_word, seq<gap, not_at<string<'-', '>'>>>> {};
struct result_word : seq<name> {};
struct result_words : list<result_word, gap> {};
struct expect
    : if_must<key<'e', 'x', 'p', 'e', 'c', 't'>, value_gap, question, arrow, result_words> {};

struct statement : sor<rule, set, list_statement, include, expect> {};
struct line : seq<star<blank>, sor<line_end, if_must<statement, line_end>>> {};

}  // namespace gatehouse::policy::grammar
