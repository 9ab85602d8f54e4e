// SPDX-License-Identifier: Apache-2.0
// Which form a file has, by a vote of its lines.
#include <algorithm>
#include <array>

#include "policy/lists/form.h"
#include "policy/lists/host_text.h"

namespace gatehouse::lists {
namespace {

// Of the words of a zone's record, one is its type.
bool is_zone_record(std::string_view line) {
  if (line.starts_with("$TTL") || line.starts_with("$ORIGIN")) return true;
  take_word(&line);
  for (int i = 0; i < 3; ++i) {
    const std::string_view word = take_word(&line);
    if (same_word(word, "CNAME") || same_word(word, "SOA")) return true;
  }
  return false;
}

std::optional<Form> form_of(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with("[Adblock") || line.starts_with("||") || line.starts_with("@@")) {
    return Form::kAdblock;
  }
  if (line.empty() || line.find_first_of("#!;") == 0) return std::nullopt;
  if (is_zone_record(line)) return Form::kRpz;
  std::string_view rest = line;
  const std::string_view word = take_word(&rest);
  const bool alone = rest.empty() || rest.starts_with('#') || rest.starts_with(';');
  if (parse_address(word.substr(0, word.find('%'))) && !alone) return Form::kHosts;
  if (!alone) return std::nullopt;
  if (const ParsedNetwork network = parse_network(word);
      network.network || network.fault != Fault::kNotANetwork) {
    return Form::kNetworks;
  }
  if (word.find("://") != word.npos) return Form::kUrls;
  const std::size_t begin = word.starts_with("*.") ? 2 : word.starts_with('.') ? 1 : 0;
  const std::size_t slash = word.find('/');
  HostName host;
  if (host.set(word.substr(begin, slash == word.npos ? slash : slash - begin))) return std::nullopt;
  return slash == word.npos ? Form::kPlain : Form::kUrls;
}

}  // namespace

Form detect_form(std::string_view sample) {
  std::array<std::size_t, kForms> votes{};
  while (!sample.empty()) {
    const std::size_t end = std::min(sample.find('\n'), sample.size());
    if (const auto form = form_of(sample.substr(0, end)))
      votes[static_cast<std::size_t>(*form)] += 1;
    sample.remove_prefix(std::min(end + 1, sample.size()));
  }
  return static_cast<Form>(std::max_element(votes.begin(), votes.end()) - votes.begin());
}

}  // namespace gatehouse::lists
