// SPDX-License-Identifier: Apache-2.0
// docs/policy.md says what the code does: each of its complete rule files is right, and decides
// what its expect lines say.
#include <gtest/gtest.h>

#include "policy/engine.h"
#include "policy/language/compile.h"
#include "tests/policy/memory_files.h"

namespace gatehouse::policy {
namespace {

struct Block {
  std::string kind;
  std::string text;
};

// What stands between ``` and ```.
std::vector<Block> blocks_of(const std::string& text) {
  std::vector<Block> blocks;
  bool inside = false;
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), ""});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

TEST(Cookbook, EveryExampleDoesWhatItsExpectLinesSay) {
  const auto blocks = blocks_of(read_whole(std::string(SOURCE_DIRECTORY) + "/docs/policy.md"));
  MemoryFiles files;
  for (const Block& block : blocks) {
    if (block.kind.find('/') != std::string::npos) files.texts[block.kind] = block.text;
  }
  int examples = 0;
  for (const Block& block : blocks) {
    if (block.kind != "gatehouse") continue;
    SCOPED_TRACE(block.text);
    ++examples;
    files.texts["policy.gh"] = block.text;
    const Outcome outcome = compile("policy.gh", &files, {}, {});
    EXPECT_EQ(outcome.errors, std::vector<std::string>());
    EXPECT_EQ(outcome.warnings, std::vector<std::string>());
    EXPECT_GE(outcome.expects.size(), 3U);
    auto engine =
        Engine::make(outcome.policy.SerializeAsString(), lists::ListsView::open(outcome.lists));
    ASSERT_TRUE(engine);
    EXPECT_EQ(run_expects(outcome.expects, engine->get()), std::vector<std::string>());
  }
  EXPECT_GE(examples, 10);
}

}  // namespace
}  // namespace gatehouse::policy
