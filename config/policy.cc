// SPDX-License-Identifier: Apache-2.0
#include "config/policy.h"

#include "base/check.h"
#include "policy/engine.h"
#include "policy/language/compile.h"
#include "policy/language/numeric_floor.h"

namespace gatehouse::config {
policy::Modes modes_of(const wire::Config& config) {
  policy::Modes modes{false, false, false};
  for (const wire::ConfigListener& listener : config.listeners()) {
    modes.transparent |= listener.mode() == wire::TRANSPARENT;
    modes.forward |= listener.mode() == wire::FORWARD;
    modes.reverse |= listener.mode() == wire::REVERSE;
  }
  if (modes.reverse && config.upstreams().empty()) return modes;  // a rule file alone
  modes.upstreams.emplace();
  for (const wire::ConfigUpstream& upstream : config.upstreams()) {
    modes.upstreams->push_back(upstream.name());
  }
  return modes;
}

ReadPolicy read_policy(policy::Files* files, const policy::ListWork& work, wire::Config* config) {
  ReadPolicy result;
  if (files == nullptr) {
    result.errors.push_back(config->policy_file() + ": no file can be read here");
    return result;
  }
  policy::Outcome outcome = policy::compile(config->policy_file(), files, modes_of(*config), work);
  result.errors = std::move(outcome.errors);
  result.warnings = std::move(outcome.warnings);
  if (!result.errors.empty()) return result;
  result.needs_names = !outcome.needs_names.empty();
  for (const wire::PolicyRule& rule : outcome.policy.rules()) {
    if (!rule.upstream().empty()) result.upstreams.insert(rule.upstream());
  }
  result.rules = static_cast<std::size_t>(outcome.policy.rules_size());
  result.expects = outcome.expects.size();
  config->set_policy(outcome.policy.SerializeAsString());
  result.lists = std::move(outcome.lists);
  policy::NumericFloor floor =
      policy::numeric_floor(outcome.policy, outcome.list_forms, config->listeners());
  *config->mutable_policy_floor() = std::move(floor.floor);
  if (!floor.widened_at.empty()) {
    result.warnings.push_back(config->policy_file() +
                              ": the rules have more networks, ports or rules than the floor " +
                              "beneath the workers can hold; from the rule " + floor.widened_at +
                              " on it allows more than they do (docs/policy.md)");
  }
  auto engine = policy::Engine::make(config->policy(), lists::ListsView::open(result.lists));
  CHECK(engine);
  result.errors = policy::run_expects(outcome.expects, engine->get());
  return result;
}

}  // namespace gatehouse::config
