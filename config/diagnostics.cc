// SPDX-License-Identifier: Apache-2.0
#include "config/diagnostics.h"

#include <algorithm>
#include <utility>

#include "config/values.h"

namespace gatehouse::config {
namespace {

constexpr std::size_t kMaxSentence = 480;  // characters; keys and values of the text are in it
constexpr std::size_t kMaxFileName = 120;  // characters

constexpr std::string_view kCut = "\n(more mistakes follow; `gatehouse check` shows them)";

}  // namespace

void Diagnostics::add(Position position, std::string_view where, std::string_view what) {
  std::string text;
  if (!where.empty()) text.append(where).append(": ");
  found_.push_back({position, printable(text.append(what), kMaxSentence)});
}

std::vector<std::string> Diagnostics::sentences(std::string_view file_name) const {
  std::vector<const Found*> ordered;
  for (const Found& found : found_) ordered.push_back(&found);
  std::stable_sort(ordered.begin(), ordered.end(), [](const Found* a, const Found* b) {
    return std::pair(a->position.line, a->position.column) <
           std::pair(b->position.line, b->position.column);
  });
  const std::string file = printable(file_name, kMaxFileName);
  std::vector<std::string> result;
  for (const Found* found : ordered) {
    if (result.size() == kMaxShown) {
      result.push_back(file + ": and " + std::to_string(ordered.size() - kMaxShown) + " more");
      break;
    }
    result.push_back(file + ":" + std::to_string(found->position.line) + ":" +
                     std::to_string(found->position.column) + ": " + found->text);
  }
  return result;
}

std::string join_sentences(const std::vector<std::string>& sentences, std::size_t limit) {
  std::string result;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const std::size_t tail = i + 1 == sentences.size() ? 0 : kCut.size();
    if (result.size() + sentences[i].size() + 1 + tail > limit) return result.append(kCut);
    if (!result.empty()) result += '\n';
    result += sentences[i];
  }
  return result;
}

}  // namespace gatehouse::config
