// SPDX-License-Identifier: Apache-2.0
#include "tests/policy_lists/made_lists.h"

#include <cstdio>

namespace gatehouse::lists {
namespace {

constexpr const char* kSyllables[] = {"ma", "net",  "co",  "la",  "ri",   "sto", "ber",   "in",
                                      "ck", "ad",   "pub", "web", "shop", "on",  "line",  "vi",
                                      "mo", "bi",   "le",  "x",   "z",    "q7",  "media", "cdn",
                                      "s",  "best", "top", "fin", "play", "ga",  "me",    "tra"};
constexpr const char* kSuffixes[] = {"com", "com",  "com",   "com", "net",    "org", "de",
                                     "ru",  "info", "co.uk", "xyz", "com.br", "top", "online",
                                     "cn",  "it",   "fr",    "pl",  "nl",     "io"};

}  // namespace

std::string NameMaker::label(unsigned least, unsigned most) {
  const std::size_t size = least + random_() % (most - least + 1);
  std::string text;
  while (text.size() < size) {
    if (random_() % 8 == 0) {
      text += static_cast<char>('a' + random_() % 26);
    } else {
      text += kSyllables[random_() % std::size(kSyllables)];
    }
  }
  return text;
}

std::string NameMaker::suffix() { return kSuffixes[random_() % std::size(kSuffixes)]; }

ListFile text_file(std::string list, std::string file, std::optional<Form> form, std::string text) {
  return {std::move(list), std::move(file), form,
          [text = std::move(text), at = std::size_t{0}](std::span<char> to) mutable {
            const std::size_t size = text.copy(to.data(), to.size(), at);
            at += size;
            return Result<std::size_t>(size);
          }};
}

CompiledLists must_compile(std::vector<ListFile> files) {
  auto compiled = compile_lists(std::move(files), {{0x0123456789abcdef, 0xfedcba9876543210}}, {});
  if (!compiled) std::fprintf(stderr, "%s\n", compiled.error().what.c_str());
  CHECK(compiled);
  return std::move(*compiled);
}

std::string NameMaker::next() {
  if (random_() % 10 < 4) return label(2, 8) + "." + last_;
  last_ = label(6, 16) + "." + suffix();
  return last_;
}

}  // namespace gatehouse::lists
