// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include <gtest/gtest.h>

namespace gatehouse::cli {
namespace {

const std::vector<Option> kOptions = {{"--json", false}, {"--run-dir", true}};

TEST(Arguments, OptionsAndWords) {
  const auto parsed = Arguments::parse({"one", "--run-dir", "/x", "--json", "two"}, kOptions);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->has("--json"));
  EXPECT_EQ(parsed->value("--run-dir", "usual"), "/x");
  EXPECT_EQ(parsed->positional(), (std::vector<std::string>{"one", "two"}));
}

TEST(Arguments, ValuesAfterAnEqualsSign) {
  const auto parsed = Arguments::parse({"--run-dir=/a=b"}, kOptions);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->value("--run-dir", ""), "/a=b");
}

TEST(Arguments, AbsentOptionsHaveTheirUsualValue) {
  const auto parsed = Arguments::parse({}, kOptions);
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->has("--json"));
  EXPECT_EQ(parsed->value("--run-dir", "usual"), "usual");
}

TEST(Arguments, AfterTwoHyphensAllAreWords) {
  const auto parsed = Arguments::parse({"-", "--", "--json"}, kOptions);
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->has("--json"));
  EXPECT_EQ(parsed->positional(), (std::vector<std::string>{"-", "--json"}));
}

TEST(Arguments, MistakesAreSentences) {
  const auto what = [](const std::vector<std::string>& words) {
    const auto parsed = Arguments::parse(words, kOptions);
    return parsed ? std::string("no mistake") : parsed.error().what;
  };
  EXPECT_EQ(what({"--jsno"}), "there is no option --jsno (did you mean --json?)");
  EXPECT_EQ(what({"--colour"}), "there is no option --colour");
  EXPECT_EQ(what({"--json=yes"}), "the option --json takes no value");
  EXPECT_EQ(what({"--run-dir"}), "the option --run-dir lacks its value");
}

}  // namespace
}  // namespace gatehouse::cli
