// SPDX-License-Identifier: Apache-2.0
#include "cli/policy_file.h"

#include <algorithm>
#include <array>

#include "config/policy.h"

namespace gatehouse::cli {
namespace {

constexpr std::array<std::string_view, 10> kStatements = {
    "allow", "deny", "audit", "tag", "header", "set", "list", "include", "expect", "limit"};

// The rule file is the text that was read; what it includes is beneath its directory.
class RuleFiles final : public policy::Files {
 public:
  RuleFiles(const std::string& name, const std::string& text, policy::Files* others)
      : name_(name), text_(text), others_(others) {}

  Result<std::string> read(const std::string& path) override {
    return path == name_ ? Result<std::string>(text_) : others_->read(path);
  }
  Result<lists::ReadSome> open(const std::string& path) override { return others_->open(path); }
  Result<std::string> read_zone(const std::string& name) override {
    return others_->read_zone(name);
  }

 private:
  const std::string& name_;
  const std::string& text_;
  policy::Files* others_;
};

config::Outcome read_rules(const ConfinedInput& input) {
  const std::string name = input.file_name.substr(input.file_name.rfind('/') + 1);
  RuleFiles files(name, input.text, input.surroundings.files);
  wire::Config config;
  config.set_policy_file(name);
  for (const wire::ConfigMode mode : {wire::TRANSPARENT, wire::FORWARD, wire::REVERSE}) {
    config.add_listeners()->set_mode(mode);
  }
  config::ReadPolicy read = config::read_policy(&files, input.surroundings.lists, &config);
  config::Outcome outcome;
  outcome.config = std::move(config);
  outcome.lists = std::move(read.lists);
  outcome.errors = std::move(read.errors);
  outcome.warnings = std::move(read.warnings);
  outcome.rules = read.rules;
  outcome.expects = read.expects;
  return outcome;
}

}  // namespace

// A key of a configuration has '=' behind it.
bool is_rule_file(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    if (line.empty() || line[0] == '#') continue;
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(word.size());
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return std::find(kStatements.begin(), kStatements.end(), word) != kStatements.end() &&
           !line.starts_with('=');
  }
  return false;
}

config::Outcome read_configuration(const ConfinedInput& input) {
  if (is_rule_file(input.text)) return read_rules(input);
  return config::parse(input.text, input.file_name, input.surroundings);
}

Result<LoadedPolicy> load_policy(const ConfinedInput& input) {
  LoadedPolicy loaded;
  loaded.outcome = read_configuration(input);
  std::string errors;
  for (const std::string& error : loaded.outcome.errors) errors.append(error).append("\n");
  if (!errors.empty()) return Error{0, errors};
  const wire::Config& config = loaded.outcome.config;
  if (config.policy().empty()) {
    return Error{0, input.file_name + ": names no policy ([gateway] policy)\n"};
  }
  loaded.modes = config::modes_of(config);
  auto engine = policy::Engine::make(config.policy(), lists::ListsView::open(loaded.outcome.lists));
  if (!engine) return Error{0, engine.error().what + "\n"};
  loaded.engine = std::move(*engine);
  return loaded;
}

}  // namespace gatehouse::cli
