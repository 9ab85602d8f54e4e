// SPDX-License-Identifier: Apache-2.0
// squid.conf as directives: lines that continue, comments, include and if.
//
// Runs in: the confined child of the command line. Trusts: nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/language/files.h"

namespace gatehouse::squid {

struct Place {
  std::string file;
  unsigned line = 0;
};
std::string to_string(const Place& place);  // "squid.conf:12", printable

struct Directive {
  Place place;
  std::vector<std::string> words;  // not empty
  std::string text;                // as written, without the comment
  bool certain = true;             // false: it stands between if and endif
};

// Something that can't be translated, and why, as a clause.
struct Problem {
  Place place;
  std::string why;
};

// What is beneath the directory of the configuration.
struct Sources {
  policy::Files* files;
  std::string directory;           // its absolute path, without a final slash
  std::vector<std::string> names;  // paths of files beneath it, for patterns
};

// path as Sources::files has it; the error is a clause.
Result<std::string> read_beneath(const Sources& sources, std::string_view path);

struct Lines {
  std::vector<Directive> directives;  // include stands there too, if it could not be read
  std::vector<Problem> problems;
};
// name: of the file whose text it is, for messages.
Lines read_lines(const std::string& name, std::string_view text, const Sources& sources);

}  // namespace gatehouse::squid
