// SPDX-License-Identifier: Apache-2.0
// Reads the keys of one table of the configuration: type, range, unit; and knows afterwards which
// keys were none of the table's.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/diagnostics.h"
#include "config/toml_document.h"

namespace gatehouse::config {

struct Choice {
  std::string_view name;
  int value;
};

struct Range {
  std::uint64_t lowest;
  std::uint64_t highest;
};

// Each reader leaves *value alone when its key is absent or wrong (and then says so).
class Section {
 public:
  // table may be null: an absent section, all defaults. name as in messages: "[log]", or with
  // a full stop at its end for a table within a section.
  Section(std::string name, const Node* table, Diagnostics* diagnostics)
      : name_(std::move(name)), table_(table), diagnostics_(diagnostics) {}

  // The value of a key, null where absent. The key is known from now on.
  const Node* find(std::string_view key);

  void choice(std::string_view key, std::initializer_list<Choice> choices, int* value);
  void integer(std::string_view key, Range range, std::uint32_t* value);
  // In milliseconds.
  void duration(std::string_view key, Range range, std::uint32_t* value);
  // In octets.
  void size(std::string_view key, Range range, std::uint32_t* value);

  // "[SECTION] KEY: what" at the node.
  void complain(const Node& at, std::string_view key, std::string_view what);
  // The same at the section's own place.
  void complain_at_section(std::string_view key, std::string_view what);
  // A key that has its place elsewhere; what: why not here. Said, if it is there, by finish().
  void refuse(std::string_view key, std::string_view what);
  // Says which keys of the table nobody asked for.
  void finish();

  Position position() const { return table_ != nullptr ? table_->position : Position{}; }

 private:
  std::string where(std::string_view key) const;

  std::string name_;
  const Node* table_;
  Diagnostics* diagnostics_;
  std::vector<std::string_view> known_;
  std::vector<std::pair<std::string_view, std::string>> refused_;
};

// The [[NAME]] sections of the text; none, and said why, where NAME is something else. each: "for
// each listener".
std::vector<const Node*> find_tables(const Node& root, std::string_view name, std::string_view each,
                                     Diagnostics* diagnostics);

// "a, b, c".
std::string join(const std::vector<std::string_view>& names);
// `"a", "b" or "c"`.
std::string alternatives(const std::vector<std::string_view>& names);
// What a node is, for messages: the text of a string in quotes, the number, else "a boolean", ...
std::string shown(const Node& node);
// `"text"`, shortened, for messages.
std::string quoted(std::string_view text);

}  // namespace gatehouse::config
