// SPDX-License-Identifier: Apache-2.0
#include "config/section.h"

#include <algorithm>

#include "config/values.h"

namespace gatehouse::config {
namespace {

bool within(std::uint64_t value, Range range) {
  return value >= range.lowest && value <= range.highest;
}

}  // namespace

std::string join(const std::vector<std::string_view>& names) {
  std::string result;
  for (const std::string_view name : names) {
    if (!result.empty()) result += ", ";
    result += name;
  }
  return result;
}

std::string alternatives(const std::vector<std::string_view>& names) {
  std::string result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) result += i + 1 == names.size() ? " or " : ", ";
    result += quoted(names[i]);
  }
  return result;
}

std::string shown(const Node& node) {
  if (node.kind == Node::Kind::kString) return quoted(node.text);
  if (node.kind == Node::Kind::kInteger) return std::to_string(node.integer);
  return std::string(node.kind_name());
}

std::string quoted(std::string_view text) { return '"' + printable(text, 60) + '"'; }

const Node* Section::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  if (table_ == nullptr) return nullptr;
  for (const Entry& entry : table_->entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

void Section::choice(std::string_view key, std::initializer_list<Choice> choices, int* value) {
  const Node* node = find(key);
  if (node == nullptr) return;
  std::vector<std::string_view> names;
  for (const Choice& choice : choices) {
    if (node->kind == Node::Kind::kString && node->text == choice.name) {
      *value = choice.value;
      return;
    }
    names.push_back(choice.name);
  }
  std::string what = "is " + shown(*node);
  if (node->kind == Node::Kind::kString) {
    if (const auto near = nearest(node->text, names)) {
      what.append(" (did you mean ").append(quoted(*near)).append("?)");
    }
  }
  complain(*node, key, what + "; valid is " + alternatives(names));
}

void Section::integer(std::string_view key, Range range, std::uint32_t* value) {
  const Node* node = find(key);
  if (node == nullptr) return;
  if (node->kind == Node::Kind::kInteger && node->integer >= 0 &&
      within(static_cast<std::uint64_t>(node->integer), range)) {
    *value = static_cast<std::uint32_t>(node->integer);
    return;
  }
  complain(*node, key,
           "is " + shown(*node) + "; valid is an integer from " + std::to_string(range.lowest) +
               " to " + std::to_string(range.highest));
}

void Section::duration(std::string_view key, Range range, std::uint32_t* value) {
  const Node* node = find(key);
  if (node == nullptr) return;
  if (node->kind == Node::Kind::kString) {
    const auto parsed = parse_duration(node->text);
    if (parsed && within(*parsed, range)) {
      *value = static_cast<std::uint32_t>(*parsed);
      return;
    }
  }
  std::string what = "is " + shown(*node);
  if (node->kind == Node::Kind::kInteger) what += ", a number without a unit";
  complain(*node, key,
           what + "; valid is a time from \"" + format_duration(range.lowest) + "\" to \"" +
               format_duration(range.highest) + "\", in whole ms, s, m or h, such as \"10s\"");
}

void Section::size(std::string_view key, Range range, std::uint32_t* value) {
  const Node* node = find(key);
  if (node == nullptr) return;
  if (node->kind == Node::Kind::kString) {
    const auto parsed = parse_size(node->text);
    if (parsed && within(*parsed, range)) {
      *value = static_cast<std::uint32_t>(*parsed);
      return;
    }
  }
  std::string what = "is " + shown(*node);
  if (node->kind == Node::Kind::kInteger) what += ", a number without a unit";
  complain(*node, key,
           what + "; valid is a size from \"" + format_size(range.lowest) + "\" to \"" +
               format_size(range.highest) + "\", in whole B, KiB, MiB or GiB, such as \"8KiB\"");
}

// A table within a section is named as people write its keys: "[[listen]] intercept.ports".
std::string Section::where(std::string_view key) const {
  return name_ + (name_.ends_with('.') ? "" : " ") + std::string(key);
}

void Section::complain(const Node& at, std::string_view key, std::string_view what) {
  diagnostics_->add(at.position, where(key), what);
}

void Section::complain_at_section(std::string_view key, std::string_view what) {
  diagnostics_->add(position(), where(key), what);
}

void Section::refuse(std::string_view key, std::string_view what) {
  refused_.emplace_back(key, what);
}

void Section::finish() {
  if (table_ == nullptr) return;
  for (const Entry& entry : table_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    const auto refused = std::find_if(refused_.begin(), refused_.end(),
                                      [&](const auto& one) { return one.first == entry.key; });
    if (refused != refused_.end()) {
      diagnostics_->add(entry.position, where(entry.key),
                        refused->second + "; valid is " + join(known_));
      continue;
    }
    std::string what = "is no key of this section";
    if (const auto near = nearest(entry.key, known_)) {
      what.append(" (did you mean ").append(*near).append("?)");
    }
    diagnostics_->add(entry.position, where(printable(entry.key, 60)),
                      what + "; valid is " + join(known_));
  }
}

std::vector<const Node*> find_tables(const Node& root, std::string_view name, std::string_view each,
                                     Diagnostics* diagnostics) {
  std::vector<const Node*> found;
  for (const Entry& entry : root.entries) {
    if (entry.key != name) continue;
    const Node& node = entry.value;
    const bool tables = node.kind == Node::Kind::kArray && !node.items.empty() &&
                        std::all_of(node.items.begin(), node.items.end(), [](const Node& item) {
                          return item.kind == Node::Kind::kTable;
                        });
    if (tables) {
      for (const Node& item : node.items) found.push_back(&item);
    } else {
      std::string what = "is " + std::string(node.kind_name()) + "; valid is one [[";
      what.append(name).append("]] section (in double brackets) ").append(each);
      diagnostics->add(entry.position, name, what);
    }
  }
  return found;
}

}  // namespace gatehouse::config
