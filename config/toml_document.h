// SPDX-License-Identifier: Apache-2.0
// TOML text as a plain tree with positions, so that toml++ is compiled in one place.
//
// Runs in: the loader and the confined child of `gatehouse check`. Trusts: nothing; the text is
// hostile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gatehouse::config {

// Counted from 1; columns count characters, not octets.
struct Position {
  unsigned line = 1;
  unsigned column = 1;

  bool operator==(const Position&) const = default;
};

struct Entry;

struct Node {
  enum class Kind { kTable, kArray, kString, kInteger, kFloat, kBoolean, kDate };

  Kind kind = Kind::kTable;
  Position position;
  std::string text;            // kString
  std::int64_t integer = 0;    // kInteger
  std::vector<Node> items;     // kArray
  std::vector<Entry> entries;  // kTable, in the order of the text

  // "a string", "an array", ... for messages.
  std::string_view kind_name() const;
};

struct Entry {
  std::string key;
  Position position;
  Node value;
};

struct SyntaxError {
  Position position;
  std::string what;
};

// Levels of tables and arrays; the format of the configuration needs 3.
inline constexpr unsigned kMaxDepth = 16;

// A table, or the first place where the text is not TOML 1.0.
std::variant<Node, SyntaxError> parse_toml(std::string_view text);

}  // namespace gatehouse::config
