// SPDX-License-Identifier: Apache-2.0
#include "policy/language/limit.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/values.h"
#include "policy/limits/bounds.h"

namespace gatehouse::policy {
namespace {

constexpr std::uint32_t kMost = 1'000'000;  // of anything that is counted
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr struct {
  std::string_view unit;
  std::uint64_t ns;
} kUnits[] = {{"/s", kSecond}, {"/min", 60 * kSecond}, {"/h", 3600 * kSecond}};

// The number that text begins with, from 1 to kMost; *text is what follows it.
std::optional<std::uint32_t> take_count(std::string_view* text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || number == 0 || number > kMost) return std::nullopt;
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  return number;
}

class LimitCompiler {
 public:
  LimitCompiler(const WrittenRule& written, Findings* errors, wire::PolicyRule* rule)
      : words_(written.answer),
        place_(written.name.place),
        errors_(errors),
        rule_(rule),
        limit_(rule->mutable_limit()) {}

  void run() {
    if (words_.empty() || words_[0].text[0] < '0' || words_[0].text[0] > '9') {
      return errors_->add(words_.empty() ? place_ : words_[0].place,
                          "the rule needs its amount, such as 100/s, and then per client, per "
                          "host, per header NAME or shared");
    }
    for (const Word& word : words_) {
      limit_->mutable_text()->append(limit_->text().empty() ? "" : " ").append(word.text);
    }
    if (words_.size() > 1 && words_[1].text == "connections") {
      at_ = 2;
      connections(words_[0]);
    } else {
      requests(words_[at_++]);
    }
    if (at_ < words_.size() && words_[at_].text == "burst") {
      ++at_;
      burst(words_[at_++]);
    }
    scope();
  }

 private:
  void requests(const Word& amount) {
    std::string_view text = amount.text;
    const auto count = take_count(&text);
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const auto& each) { return each.unit == text; });
    if (!count || unit == std::end(kUnits)) {
      return errors_->add(amount.place, in_quotes(amount.text) +
                                            " is no limit; valid is 1 to 1000000 requests a "
                                            "second, minute or hour, such as 100/s, 30/min, "
                                            "500/h, or connections, such as 20 connections");
    }
    limit_->mutable_requests()->set_interval_ns(unit->ns / *count);
    limit_->mutable_requests()->set_burst(*count);
  }

  void connections(const Word& amount) {
    std::string_view text = amount.text;
    const auto count = take_count(&text);
    if (!count || !text.empty()) {
      return errors_->add(amount.place, in_quotes(amount.text) +
                                            " is no number of connections; valid is 1 to "
                                            "1000000");
    }
    limit_->set_connections(*count);
  }

  void burst(const Word& word) {
    if (limit_->has_connections()) {
      return errors_->add(word.place, "a burst is of requests; connections have none");
    }
    std::string_view text = word.text;
    const auto count = take_count(&text);
    if (!count || !text.empty()) {
      return errors_->add(word.place, in_quotes(word.text) + " is no burst; valid is 1 to 1000000");
    }
    limit_->mutable_requests()->set_burst(*count);
    if (*count * limit_->requests().interval_ns() > kLongestLimit) {
      errors_->add(word.place,
                   "so large a burst takes longer than a day to come back at this rate");
    }
  }

  void scope() {
    if (at_ == words_.size()) {
      return errors_->add(
          words_[0].place,
          "say for whom it counts: per client, per host, per header NAME or shared");
    }
    const std::string& what = words_[at_].text == "per" ? words_[at_ + 1].text : words_[at_].text;
    limit_->set_per(what == "client"   ? wire::PolicyLimit::CLIENT
                    : what == "host"   ? wire::PolicyLimit::HOST
                    : what == "header" ? wire::PolicyLimit::HEADER
                                       : wire::PolicyLimit::SHARED);
    if (limit_->per() == wire::PolicyLimit::HEADER) header(words_[at_ + 2]);
  }

  // Requests without the field are not the rule's: what can't be seen does not match.
  void header(const Word& name) {
    if (!config::is_token(name.text)) {
      errors_->add(name.place, in_quotes(name.text) + " is no name of a header field");
    }
    std::string lower = name.text;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    limit_->set_header(lower);
    rule_->add_terms()->mutable_header()->set_name(lower);
  }

  const std::vector<Word>& words_;
  const Place& place_;
  Findings* errors_;
  wire::PolicyRule* rule_;
  wire::PolicyLimit* limit_;
  std::size_t at_ = 0;
};

}  // namespace

void compile_limit(const WrittenRule& written, Findings* errors, wire::PolicyRule* rule) {
  LimitCompiler(written, errors, rule).run();
}

}  // namespace gatehouse::policy
