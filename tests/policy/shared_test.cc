// SPDX-License-Identifier: Apache-2.0
// Rules that say the same share it in the compiled policy, and only what is the same.
#include <gtest/gtest.h>

#include "policy/engine.h"
#include "policy/language/compile.h"
#include "tests/policy/memory_files.h"

namespace gatehouse::policy {
namespace {

TEST(Shared, TheSameNetworksAndNamesStandOnce) {
  MemoryFiles files;
  files.texts["policy.gh"] =
      "set s = 10.0.0.0/8\ndeny a from @s to a.example\ndeny b from 10.0.0.0/8 to a.example path "
      "/b\n"
      "deny c from 10.0.0.0/8, 192.0.2.0/24 to b.example\nallow default\n";
  const Outcome outcome = compile("policy.gh", &files, {}, {});
  ASSERT_EQ(outcome.errors, std::vector<std::string>());
  EXPECT_EQ(outcome.policy.networks_size(), 2);
  EXPECT_EQ(outcome.policy.names_size(), 2);
}

// A list beside networks must not come to rules that have the networks alone.
TEST(Shared, AListIsOnlyWhereItWasWritten) {
  MemoryFiles files;
  files.texts["l"] = "192.0.2.0/24\n";
  files.texts["policy.gh"] =
      "list l = \"l\"\ndeny plain from 10.0.0.0/8 path /p\ndeny listed from 10.0.0.0/8, @l\n"
      "deny again from 10.0.0.0/8 path /q\nallow default\n";
  const Outcome outcome = compile("policy.gh", &files, {}, {});
  ASSERT_EQ(outcome.errors, std::vector<std::string>());
  ASSERT_EQ(outcome.policy.networks_size(), 2);
  EXPECT_EQ(outcome.policy.networks(0).lists_size(), 0);
  EXPECT_EQ(outcome.policy.networks(1).lists_size(), 1);
}

}  // namespace
}  // namespace gatehouse::policy
