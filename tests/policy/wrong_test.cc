// SPDX-License-Identifier: Apache-2.0
// Wrong rule files, each with the exact sentences: tests/policy/wrong.txt. A case is
//
//   === WHAT
//   the rule file (other files behind lines "--> PATH")
//   ---
//   the errors; lines that begin with "warning: " are warnings of a file that is right
#include <gtest/gtest.h>

#include "policy/language/compile.h"
#include "tests/policy/memory_files.h"

namespace gatehouse::policy {
namespace {

struct Case {
  std::string name;
  MemoryFiles files;
  std::vector<std::string> said;
};

std::vector<Case> read_cases() {
  std::vector<Case> cases;
  std::string file;
  for (const std::string& line :
       lines_of(read_whole(std::string(SOURCE_DIRECTORY) + "/tests/policy/wrong.txt"))) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), {}, {}});
      file = "policy.gh";
    } else if (cases.empty()) {
      continue;  // the file's own head
    } else if (line.starts_with("--> ")) {
      file = line.substr(4);
      cases.back().files.texts[file];
    } else if (line == "---") {
      file.clear();
    } else if (!file.empty()) {
      cases.back().files.texts[file] += line + "\n";
    } else if (!line.empty()) {
      cases.back().said.push_back(line);
    }
  }
  return cases;
}

TEST(WrongRules, EveryCaseSaysExactlyWhatIsWrong) {
  std::vector<Case> cases = read_cases();
  for (Case& one : cases) {
    SCOPED_TRACE(one.name);
    Modes modes;
    modes.upstreams = {"app"};
    if (one.name.find("(transparent only)") != std::string::npos) modes = {true, false, false};
    if (one.name.find("(forward only)") != std::string::npos) modes = {false, true, false};
    const Outcome outcome = compile("policy.gh", &one.files, modes, {});
    std::vector<std::string> said = outcome.errors;
    if (said.empty()) {
      for (const std::string& warning : outcome.warnings) said.push_back("warning: " + warning);
    }
    EXPECT_EQ(said, one.said);
    EXPECT_EQ(outcome.policy.rules_size() == 0, !outcome.errors.empty());
  }
  EXPECT_GE(cases.size(), 60U);
}

TEST(WrongRules, ManyMistakesAreCounted) {
  MemoryFiles files;
  for (int i = 0; i < 2000; ++i) files.texts["policy.gh"] += "alow x\n";
  const Outcome outcome = compile("policy.gh", &files, {}, {});
  ASSERT_EQ(outcome.errors.size(), 21U);
  EXPECT_EQ(outcome.errors[20], "policy.gh: and 1980 more");
}

TEST(WrongRules, BoundsAreKept) {
  MemoryFiles files;
  files.texts["policy.gh"] = std::string(4097, '#') + "\n";
  EXPECT_EQ(compile("policy.gh", &files, {}, {}).errors,
            std::vector<std::string>{"policy.gh:1:1: the line is longer than 4096 octets; break it "
                                     "after a comma"});
  files.texts["policy.gh"] = std::string((1 << 20) + 1, '\n');
  EXPECT_EQ(compile("policy.gh", &files, {}, {}).errors,
            std::vector<std::string>{"policy.gh:1:1: is too large; at most 1 MiB a file, 4 MiB in "
                                     "all"});
  // Files that include the next one, deeper than is allowed.
  for (int i = 0; i < 12; ++i) {
    files.texts["f" + std::to_string(i)] = "include \"f" + std::to_string(i + 1) + "\"\n";
  }
  files.texts["policy.gh"] = "include \"f0\"\n";
  EXPECT_EQ(compile("policy.gh", &files, {}, {}).errors,
            std::vector<std::string>{"f7:1:9: \"f8\" is one too many; at most 64 files, 8 levels "
                                     "deep"});
}

}  // namespace
}  // namespace gatehouse::policy
