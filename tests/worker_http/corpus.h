// SPDX-License-Identifier: Apache-2.0
// The rows of tests/corpus/*.tsv: malformed and unusual messages with what must come of each.
#pragma once

#include <string>
#include <vector>

namespace gatehouse::worker::http {

struct CorpusRow {
  std::string id;
  std::string expected;
  std::string note;
  std::string octets;  // unescaped
};

// name: "requests" or "responses". Aborts on a file that can't be read.
std::vector<CorpusRow> read_corpus(const std::string& name);

}  // namespace gatehouse::worker::http
