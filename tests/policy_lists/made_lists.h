// SPDX-License-Identifier: Apache-2.0
// Lists made from a seed: names like those of block lists, and networks.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "policy/lists/compile.h"

namespace gatehouse::lists {

// Names of two to five labels, of about 19 octets; 4 in 10 are below the one before.
class NameMaker {
 public:
  explicit NameMaker(std::uint64_t seed) : random_(seed) {}
  std::string next();
  // A name that next() makes only by chance.
  std::string other() { return label(3, 8) + ".not-" + label(6, 12) + "." + suffix(); }

 private:
  std::string label(unsigned least, unsigned most);
  std::string suffix();

  std::mt19937_64 random_;
  std::string last_ = "example.com";
};

// A file with this text.
ListFile text_file(std::string list, std::string file, std::optional<Form> form, std::string text);

// Of a key that is always the same; must succeed.
CompiledLists must_compile(std::vector<ListFile> files);

}  // namespace gatehouse::lists
