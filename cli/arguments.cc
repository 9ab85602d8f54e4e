// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include "config/values.h"

namespace gatehouse::cli {

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
  const auto near = config::nearest(word, candidates);
  return near ? " (did you mean " + std::string(*near) + "?)" : "";
}

Result<Arguments> Arguments::parse(const std::vector<std::string>& words,
                                   const std::vector<Option>& options) {
  Arguments result;
  bool only_positional = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (only_positional || word.size() < 2 || word[0] != '-') {
      result.positional_.push_back(word);
      continue;
    }
    if (word == "--") {
      only_positional = true;
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Option* known = nullptr;
    std::vector<std::string_view> names;
    for (const Option& option : options) {
      if (option.name == name) known = &option;
      names.push_back(option.name);
    }
    if (known == nullptr) {
      return Error{0, "there is no option " + name + suggestion(name, names)};
    }
    if (!known->takes_value) {
      if (equals != std::string::npos) return Error{0, "the option " + name + " takes no value"};
      result.values_[name] = {""};
    } else if (equals != std::string::npos) {
      result.values_[name].push_back(word.substr(equals + 1));
    } else if (i + 1 < words.size()) {
      result.values_[name].push_back(words[++i]);
    } else {
      return Error{0, "the option " + name + " lacks its value"};
    }
  }
  return result;
}

std::string Arguments::value(std::string_view option, std::string_view otherwise) const {
  const auto found = values_.find(std::string(option));
  return found == values_.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Arguments::all(std::string_view option) const {
  const auto found = values_.find(std::string(option));
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

}  // namespace gatehouse::cli
