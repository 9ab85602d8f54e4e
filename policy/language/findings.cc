// SPDX-License-Identifier: Apache-2.0
#include "policy/language/findings.h"

#include <algorithm>
#include <tuple>

#include "config/values.h"

namespace gatehouse::policy {
namespace {

constexpr std::size_t kMaxKept = 1000;
constexpr std::size_t kMaxSentence = 480, kMaxFileName = 120, kMaxQuoted = 60;  // characters

}  // namespace

void Findings::add(const Place& place, std::string_view what) {
  if (++count_ > kMaxKept) return;  // a file can be all mistakes
  found_.push_back({place, config::printable(what, kMaxSentence)});
}

std::vector<std::string> Findings::sentences(const std::vector<std::string>& files) const {
  std::vector<const Found*> ordered;
  for (const Found& found : found_) ordered.push_back(&found);
  std::stable_sort(ordered.begin(), ordered.end(), [](const Found* a, const Found* b) {
    return std::tuple(a->place.file, a->place.line, a->place.column) <
           std::tuple(b->place.file, b->place.line, b->place.column);
  });
  std::vector<std::string> result;
  for (const Found* found : ordered) {
    const std::string file = config::printable(files[found->place.file], kMaxFileName);
    if (result.size() == kMaxFindings) {
      result.push_back(file + ": and " + std::to_string(count_ - kMaxFindings) + " more");
      break;
    }
    result.push_back(file + ":" + std::to_string(found->place.line) + ":" +
                     std::to_string(found->place.column) + ": " + found->text);
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  return '"' + config::printable(text, kMaxQuoted) + '"';
}

}  // namespace gatehouse::policy
