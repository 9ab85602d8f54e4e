// SPDX-License-Identifier: Apache-2.0
#include "logger/events.h"

#include <algorithm>
#include <utility>

#include "logger/escape.h"

namespace gatehouse::logger {
namespace {

constexpr std::size_t kMaxText = 1024;  // octets
constexpr std::uint64_t kMessage = 1'000'000;

// Messages: so many at once, so many a second after that. A worker under attack reports per
// connection; the parent's sentences are few, and the trail of an attack.
struct Rate {
  std::uint64_t burst;
  std::uint64_t per_second;
};
// The registrar's lines are the audit log of those who may change what holds: none is held back.
bool is_limited(const Source& source) { return source.kind != Source::Kind::kRegistrar; }
Rate rate_of(const Source& source) {
  return source.kind == Source::Kind::kWorker ? Rate{50, 5} : Rate{500, 50};
}

std::string_view level_name(int level) {
  switch (level) {
    case wire::EventRecord::INFO:
      return "info";
    case wire::EventRecord::WARNING:
      return "warning";
    case wire::EventRecord::SECURITY:
      return "security";
    default:
      return "error";
  }
}

}  // namespace

Events::Budget& Events::refilled_budget(const Source& source, std::uint64_t now_us) {
  const Rate rate = rate_of(source);
  const std::uint64_t full = rate.burst * kMessage;
  const auto [found, fresh] = budgets_.try_emplace(source, Budget{full, now_us, 0});
  Budget& budget = found->second;
  if (!fresh && now_us > budget.filled_us) {
    // A microsecond is a millionth of a second: it brings per_second millionths of a message.
    const std::uint64_t elapsed = std::min<std::uint64_t>(now_us - budget.filled_us, full);
    budget.level = std::min(full, budget.level + elapsed * rate.per_second);
    budget.filled_us = now_us;
  }
  return budget;
}

bool Events::spend(Budget* budget) {
  if (budget->level < kMessage) return false;
  budget->level -= kMessage;
  return true;
}

void Events::append(const Source& source, wire::EventRecord::Level level, std::string_view text) {
  line_.clear();
  switch (source.kind) {
    case Source::Kind::kParent:
      line_ = "gatehoused";
      break;
    case Source::Kind::kWorker:
      line_ = "gatehouse-worker " + std::to_string(source.slot);
      break;
    case Source::Kind::kRegistrar:
      line_ = "gatehouse-registrar";
      break;
    case Source::Kind::kLogger:
      line_ = "gatehouse-logger";
      break;
  }
  line_.append(": ").append(level_name(level)).append(": ");
  const std::size_t cut = std::min(text.size(), kMaxText);
  for (const char& c : text.substr(0, cut)) {
    // A sentence may quote; it is not inside quotes itself.
    if (c == '"') {
      line_ += c;
    } else {
      append_text_octets({&c, 1}, 1, &line_);
    }
  }
  if (cut < text.size()) line_.append("...");
  line_ += '\n';
  target_->push(line_);
}

void Events::report(const Source& source, Budget* budget) {
  const std::uint64_t count = std::exchange(budget->held_back, 0);
  append(source, wire::EventRecord::WARNING,
         std::to_string(count) + (count == 1 ? " message was" : " messages were") +
             " held back: too many at once");
}

void Events::write(const Source& source, wire::EventRecord::Level level, std::string_view text,
                   std::uint64_t now_us) {
  if (!is_limited(source)) return append(source, level, text);
  Budget& budget = refilled_budget(source, now_us);
  if (budget.held_back > 0 && budget.level >= 2 * kMessage && spend(&budget)) {
    report(source, &budget);
  }
  if (budget.held_back > 0 || !spend(&budget)) {
    ++budget.held_back;
    return;
  }
  append(source, level, text);
}

bool Events::report_held_back(std::uint64_t now_us) {
  bool waiting = false;
  for (auto& [source, budget] : budgets_) {
    if (budget.held_back == 0) continue;
    Budget& refilled = refilled_budget(source, now_us);
    if (refilled.level >= 2 * kMessage && spend(&refilled)) {
      report(source, &refilled);
    } else {
      waiting = true;
    }
  }
  return waiting;
}

}  // namespace gatehouse::logger
