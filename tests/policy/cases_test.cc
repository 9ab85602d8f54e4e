// SPDX-License-Identifier: Apache-2.0
// tests/policy/cases/*.gh on the engine alone: rule files whose expect lines are the cases. The
// scenario policy_cases runs the same lines through the gateway.
#include <gtest/gtest.h>

#include <filesystem>

#include "policy/engine.h"
#include "policy/language/compile.h"
#include "tests/policy/memory_files.h"

namespace gatehouse::policy {
namespace {

TEST(PolicyCases, EveryExpectLineHolds) {
  std::size_t cases = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SOURCE_DIRECTORY) + "/tests/policy/cases")) {
    if (entry.path().extension() != ".gh") continue;
    SCOPED_TRACE(entry.path().filename());
    MemoryFiles files;
    files.texts["policy.gh"] = read_whole(entry.path());
    const Outcome outcome = compile("policy.gh", &files, {true, true, false}, {});
    ASSERT_EQ(outcome.errors, std::vector<std::string>());
    auto engine =
        Engine::make(outcome.policy.SerializeAsString(), lists::ListsView::open(outcome.lists));
    ASSERT_TRUE(engine);
    EXPECT_EQ(run_expects(outcome.expects, engine->get()), std::vector<std::string>());
    cases += outcome.expects.size();
  }
  EXPECT_GE(cases, 150U);
}

// A test that can't fail proves nothing: the wrong decision, rule and effect are found.
TEST(PolicyCases, AFailingExpectLineSaysWhatWasDecided) {
  MemoryFiles files;
  files.texts["policy.gh"] =
      "deny a to a.example\naudit b path /b\nallow c when Mon UTC\nallow default\n"
      "expect 10.0.0.1 GET http://a.example/ -> allow a\n"
      "expect 10.0.0.1 GET http://a.example/ -> deny default\n"
      "expect 10.0.0.1 GET http://b.example/b at 2026-11-24T00:00Z -> allow default\n"
      "expect 10.0.0.1 GET http://b.example/c at 2026-11-24T00:00Z -> allow default audit b\n"
      "expect 10.0.0.1 GET http://b.example/c -> allow default\n"
      "expect 10.0.0.1 GET http://b.example/c at 2026-11-23T00:00Z -> allow default\n";
  const Outcome outcome = compile("policy.gh", &files, {}, {});
  ASSERT_EQ(outcome.errors, std::vector<std::string>());
  auto engine =
      Engine::make(outcome.policy.SerializeAsString(), lists::ListsView::open(outcome.lists));
  ASSERT_TRUE(engine);
  EXPECT_EQ(run_expects(outcome.expects, engine->get()),
            (std::vector<std::string>{
                "policy.gh:5:1: expected allow a, decided is deny a (policy.gh:1)",
                "policy.gh:6:1: expected deny default, decided is deny a (policy.gh:1)",
                "policy.gh:8:1: expected allow default with b, decided is allow default "
                "(policy.gh:4)",
                "policy.gh:9:1: the decision depends on the time; write at TIME, such as at "
                "2026-11-24T10:00:00+01:00",
                "policy.gh:10:1: expected allow default, decided is allow c (policy.gh:3)"}));
}

}  // namespace
}  // namespace gatehouse::policy
