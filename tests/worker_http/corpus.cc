// SPDX-License-Identifier: Apache-2.0
#include "tests/worker_http/corpus.h"

#include <fstream>
#include <sstream>

#include "base/check.h"

namespace gatehouse::worker::http {
namespace {

// \r \n \t \\ \" \xHH
std::string unescape(const std::string& text) {
  std::string octets;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      octets.push_back(text[i]);
      continue;
    }
    const char kind = text.at(++i);
    if (kind == 'x') {
      octets.push_back(static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)));
      i += 2;
    } else {
      octets.push_back(kind == 'r' ? '\r' : kind == 'n' ? '\n' : kind == 't' ? '\t' : kind);
    }
  }
  return octets;
}

}  // namespace

std::vector<CorpusRow> read_corpus(const std::string& name) {
  std::ifstream file(std::string(GATEHOUSE_CORPUS) + "/" + name + ".tsv", std::ios::binary);
  CHECK(file.good());
  std::vector<CorpusRow> rows;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream columns(line);
    CorpusRow row;
    std::string rfc;
    std::string payload;
    std::getline(columns, row.id, '\t');
    std::getline(columns, row.expected, '\t');
    std::getline(columns, rfc, '\t');
    std::getline(columns, row.note, '\t');
    std::getline(columns, payload);
    row.octets = unescape(payload);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace gatehouse::worker::http
