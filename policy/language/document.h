// SPDX-License-Identifier: Apache-2.0
// Rule files as they were written: statements with the places of their words, not yet understood.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/policy.pb.h"

namespace gatehouse::policy {

// Line and column count from 1; columns count characters, not octets.
struct Place {
  std::size_t file = 0;  // index into Document.files
  unsigned line = 1;
  unsigned column = 1;
};

struct Word {
  enum class Kind : std::uint8_t { kPlain, kQuoted, kRegex, kReference };
  Kind kind = Kind::kPlain;
  std::string text;  // without quotes, '~' or '@'
  Place place;
};

enum class Keyword : std::uint8_t {
  kFrom,
  kLabel,
  kListener,
  kPort,
  kMethod,
  kTo,
  kPath,
  kHeader,
  kWhen,
  kVerified,
  kUnverified,
  kStatus,
  kType,
  kSize
};
std::string_view keyword_text(Keyword keyword);

// "from @a, 10.0.0.0/8". Of a header the first item is the field's name, the second its value; of
// when the items are the parts of days, then those of hours, then the zone.
struct WrittenTerm {
  Keyword keyword;
  bool negated = false;
  Place place;
  std::vector<Word> items;
};

struct WrittenRule {
  wire::PolicyVerb verb = wire::POLICY_ALLOW;
  Word name;
  std::vector<WrittenTerm> terms;
  std::vector<Word> answer;  // "page", "json", ... and what belongs to it
};

struct WrittenSet {
  Word name;
  std::vector<Word> items;
};

struct WrittenList {
  std::vector<Word> names;
  Word path;
  std::optional<Word> form;  // absent: found out from the file
};

// "expect 10.0.0.1 GET http://a/ at ... -> deny rest".
struct WrittenExpect {
  Place place;
  std::vector<Word> question;
  std::vector<Word> answer;
};

// In the order of the text: a set holds for what stands below it.
struct Definition {
  std::optional<WrittenSet> set;
  std::optional<WrittenList> list;
  std::optional<WrittenRule> rule;
};

struct Document {
  std::vector<std::string> files;  // names, the first is the policy's own
  std::vector<Definition> definitions;
  std::vector<WrittenExpect> expects;
};

}  // namespace gatehouse::policy
