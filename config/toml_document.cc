// SPDX-License-Identifier: Apache-2.0
#include "config/toml_document.h"

#include <algorithm>
#include <optional>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace gatehouse::config {
namespace {

// toml++ frees nested tables by recursion; the length of a line bounds how deep dotted keys go.
constexpr std::size_t kMaxLine = 4096;  // octets

Position at(const toml::source_region& region) {
  return {std::max(1U, static_cast<unsigned>(region.begin.line)),
          std::max(1U, static_cast<unsigned>(region.begin.column))};
}

Node convert(const toml::node& node, unsigned depth);

void convert_table(const toml::table& table, unsigned depth, Node* result) {
  result->kind = Node::Kind::kTable;
  if (depth >= kMaxDepth) return;
  for (const auto& [key, value] : table) {
    result->entries.push_back(
        {std::string(key.str()), at(key.source()), convert(value, depth + 1)});
  }
  // toml++ sorts by key; messages shall follow the text.
  std::stable_sort(result->entries.begin(), result->entries.end(),
                   [](const Entry& a, const Entry& b) {
                     return std::pair(a.position.line, a.position.column) <
                            std::pair(b.position.line, b.position.column);
                   });
}

Node convert(const toml::node& node, unsigned depth) {
  Node result;
  result.position = at(node.source());
  if (const auto* table = node.as_table()) {
    convert_table(*table, depth, &result);
  } else if (const auto* array = node.as_array()) {
    result.kind = Node::Kind::kArray;
    if (depth < kMaxDepth) {
      for (const auto& item : *array) result.items.push_back(convert(item, depth + 1));
    }
  } else if (const auto* text = node.as_string()) {
    result.kind = Node::Kind::kString;
    result.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    result.kind = Node::Kind::kInteger;
    result.integer = integer->get();
  } else if (node.is_floating_point()) {
    result.kind = Node::Kind::kFloat;
  } else if (node.is_boolean()) {
    result.kind = Node::Kind::kBoolean;
  } else {
    result.kind = Node::Kind::kDate;
  }
  return result;
}

std::optional<SyntaxError> find_long_line(std::string_view text) {
  unsigned line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end - begin > kMaxLine) {
      return SyntaxError{{line, 1}, "the line is longer than 4096 octets; break it into several"};
    }
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::string_view Node::kind_name() const {
  switch (kind) {
    case Kind::kTable:
      return "a table";
    case Kind::kArray:
      return "an array";
    case Kind::kString:
      return "a string";
    case Kind::kInteger:
      return "an integer";
    case Kind::kFloat:
      return "a number with a fraction";
    case Kind::kBoolean:
      return "a boolean";
    case Kind::kDate:
      return "a date or time";
  }
  return "a value";
}

std::variant<Node, SyntaxError> parse_toml(std::string_view text) {
  if (auto error = find_long_line(text)) return *std::move(error);
  toml::parse_result result = toml::parse(text);
  if (!result) {
    return SyntaxError{at(result.error().source()), std::string(result.error().description())};
  }
  Node root;
  convert_table(result.table(), 0, &root);
  return root;
}

}  // namespace gatehouse::config
