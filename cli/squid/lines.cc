// SPDX-License-Identifier: Apache-2.0
#include "cli/squid/lines.h"

#include <algorithm>

#include "config/values.h"
#include "policy/language/parse.h"
#include "policy/text_pattern.h"

namespace gatehouse::squid {
namespace {

constexpr unsigned kMaxDepth = 16;                 // of includes, as Squid's
constexpr std::size_t kMaxDirectives = 1'000'000;  // of all files
constexpr std::string_view kBlank = " \t\r\f\v";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// A backslash keeps what follows it in the word; '#' begins a comment where a word could begin.
std::vector<std::string> split(std::string_view text, std::size_t* end) {
  std::vector<std::string> words;
  std::size_t at = 0;
  for (;;) {
    at = text.find_first_not_of(kBlank, at);
    if (at == text.npos || text[at] == '#') break;
    const std::size_t begin = at;
    while (at < text.size() && kBlank.find(text[at]) == kBlank.npos) {
      at += text[at] == '\\' && at + 1 < text.size() ? 2 : 1;
    }
    words.emplace_back(text.substr(begin, at - begin));
  }
  *end = std::min(at, text.size());
  return words;
}

class LineReader {
 public:
  explicit LineReader(const Sources& sources) : sources_(sources) {}

  void read(const std::string& name, std::string_view text, unsigned depth);
  Lines take() { return std::move(lines_); }

 private:
  void take_line(const Place& place, std::string_view text, unsigned depth);
  void include(const Directive& directive, unsigned depth);
  bool include_one(const std::string& pattern, unsigned depth, std::string* why);

  const Sources& sources_;
  Lines lines_;
  unsigned conditions_ = 0;  // if without its endif
};

void LineReader::read(const std::string& name, std::string_view text, unsigned depth) {
  std::string joined;
  Place place{name, 0};
  unsigned number = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    ++number;
    std::string_view content = line.substr(0, line.find('\r'));
    content.remove_prefix(std::min(content.find_first_not_of(kBlank), content.size()));
    if (content.empty() || content[0] == '#') continue;
    if (joined.empty()) place.line = number;
    joined += content;
    if (joined.ends_with('\\') && !text.empty()) {
      joined.pop_back();
      continue;
    }
    take_line(place, trimmed(joined), depth);
    joined.clear();
  }
  if (!joined.empty()) take_line(place, trimmed(joined), depth);
}

void LineReader::take_line(const Place& place, std::string_view text, unsigned depth) {
  if (lines_.directives.size() >= kMaxDirectives) return;
  std::size_t end = 0;
  Directive directive{place, split(text, &end), {}, conditions_ == 0};
  if (directive.words.empty()) return;
  directive.text = trimmed(text.substr(0, end));
  const std::string& first = directive.words[0];
  if (first == "if") {
    ++conditions_;
    lines_.problems.push_back({place, "conditions are not evaluated"});
  } else if (first == "endif") {
    conditions_ -= conditions_ > 0 ? 1 : 0;
  } else if (first == "include") {
    include(directive, depth);
  } else if (first != "else") {
    lines_.directives.push_back(std::move(directive));
  }
}

void LineReader::include(const Directive& directive, unsigned depth) {
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    std::string why;
    if (include_one(directive.words[i], depth, &why)) continue;
    lines_.problems.push_back({directive.place, directive.words[i] + " " + why});
    lines_.directives.push_back(directive);
    return;
  }
}

// The path beneath the directory; nothing: it is elsewhere.
std::optional<std::string> beneath(const Sources& sources, std::string_view path) {
  if (path.starts_with('/')) {
    if (!path.starts_with(sources.directory + "/")) return std::nullopt;
    path.remove_prefix(sources.directory.size() + 1);
  }
  return std::string(path);
}

bool LineReader::include_one(const std::string& pattern, unsigned depth, std::string* why) {
  const auto path = beneath(sources_, pattern);
  if (!path) {
    *why = "is not beneath the directory of the file, and is not read";
    return false;
  }
  if (depth >= kMaxDepth) {
    *why = "is included too deeply";
    return false;
  }
  std::vector<std::string> files = {*path};
  if (path->find_first_of("*?[") != path->npos) {
    files.clear();
    if (path->find_first_of("?[") != path->npos) {
      *why = "has a pattern of another kind than *";
      return false;
    }
    // A star does not cross a slash.
    const auto slashes = std::count(path->begin(), path->end(), '/');
    std::copy_if(sources_.names.begin(), sources_.names.end(), std::back_inserter(files),
                 [&](const std::string& name) {
                   const std::size_t leaf = name.rfind('/') + 1;
                   return name[leaf] != '.' &&
                          std::count(name.begin(), name.end(), '/') == slashes &&
                          policy::glob_matches(*path, name);
                 });
    std::sort(files.begin(), files.end());
  }
  for (const std::string& file : files) {
    const auto text = read_beneath(sources_, file);
    if (!text) {
      *why = text.error().what;
      return false;
    }
    read(file, *text, depth + 1);
  }
  return true;
}

}  // namespace

std::string to_string(const Place& place) {
  return config::printable(place.file, 120) + ":" + std::to_string(place.line);
}

Result<std::string> read_beneath(const Sources& sources, std::string_view path) {
  const auto relative = beneath(sources, path);
  if (!relative) return Error{0, "is not beneath the directory of the file, and is not read"};
  if (const std::string why = policy::path_problem(*relative); !why.empty()) return Error{0, why};
  auto text = sources.files->read(*relative);
  if (text && text->size() > policy::kMaxFile) return Error{0, "is larger than 1 MiB"};
  return text;
}

Lines read_lines(const std::string& name, std::string_view text, const Sources& sources) {
  LineReader reader(sources);
  reader.read(name, text, 0);
  return reader.take();
}

}  // namespace gatehouse::squid
