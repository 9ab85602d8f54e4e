// SPDX-License-Identifier: Apache-2.0
#include "privileged/options.h"

#include <getopt.h>
#include <gtest/gtest.h>

#include <vector>

namespace gatehouse::privileged {
namespace {

Result<Options> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "gatehoused");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  optind = 0;  // glibc: start again
  return parse_options(static_cast<int>(words.size()), argv.data());
}

TEST(Options, HaveDefaults) {
  const auto options = parse({"--config", "/etc/gatehouse/gatehouse.toml"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->config, "/etc/gatehouse/gatehouse.toml");
  EXPECT_EQ(options->run_directory, "/run/gatehouse");
  EXPECT_EQ(options->log_directory, "/var/log/gatehouse");
  EXPECT_EQ(options->state_directory, "/var/lib/gatehouse");
  EXPECT_EQ(options->control_group, "");
  EXPECT_EQ(options->uid_base, 64200u);
  EXPECT_FALSE(options->require_all);
  EXPECT_TRUE(options->lifted.destinations.empty());
  EXPECT_TRUE(options->lifted.endpoints.empty());
  EXPECT_FALSE(options->libexec.empty());  // where the executable is
}

TEST(Options, AreTaken) {
  const auto options = parse({"--config=a", "--libexec=b", "--run-dir=c", "--log-dir=d",
                              "--state-dir=e", "--control-group=17", "--uid-base=1000",
                              "--require-all", "--allow-destination=127.0.0.53",
                              "--allow-destination=10.0.0.0/8", "--allow-destination=fe80::/10",
                              "--allow-endpoint=127.0.0.53:53", "--allow-endpoint=[::1]:5353"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->libexec, "b");
  EXPECT_EQ(options->run_directory, "c");
  EXPECT_EQ(options->log_directory, "d");
  EXPECT_EQ(options->state_directory, "e");
  EXPECT_EQ(options->control_group, "17");
  EXPECT_EQ(options->uid_base, 1000u);
  EXPECT_TRUE(options->require_all);
  ASSERT_EQ(options->lifted.destinations.size(), 3u);
  EXPECT_EQ(options->lifted.destinations[0].prefix, 32u);
  EXPECT_EQ(to_string(options->lifted.destinations[1].address), "10.0.0.0");
  EXPECT_EQ(options->lifted.destinations[1].prefix, 8u);
  EXPECT_EQ(to_string(options->lifted.destinations[2].address), "fe80::");
  ASSERT_EQ(options->lifted.endpoints.size(), 2u);
  EXPECT_EQ(to_string(options->lifted.endpoints[0]), "127.0.0.53:53");
  EXPECT_EQ(to_string(options->lifted.endpoints[1]), "[::1]:5353");
}

TEST(Options, HelpAndVersionNeedNothingElse) {
  EXPECT_TRUE(parse({"--help"})->help);
  EXPECT_TRUE(parse({"--version"})->version);
}

TEST(Options, WrongOnesAreNamed) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "--config FILE is missing"},
      {{"--config"}, "--config"},
      {{"--config=a", "--colour"}, "--colour"},
      {{"--config=a", "b"}, "b: unexpected"},
      {{"--config=a", "--uid-base=0"}, "--uid-base 0"},
      {{"--config=a", "--uid-base=999"}, "--uid-base 999"},
      {{"--config=a", "--uid-base=x"}, "--uid-base x"},
      {{"--config=a", "--uid-base="}, "--uid-base"},
      {{"--config=a", "--uid-base=-5"}, "--uid-base -5"},
      {{"--config=a", "--uid-base=5000000000"}, "--uid-base 5000000000"},
      {{"--config=a", "--uid-base=1000x"}, "--uid-base 1000x"},
      {{"--config=a", "--allow-destination=example.net"}, "not an address"},
      {{"--config=a", "--allow-destination="}, "not an address"},
      {{"--config=a", "--allow-destination=10.0.0.0/33"}, "the prefix must be 0..32"},
      {{"--config=a", "--allow-destination=10.0.0.0/"}, "the prefix must be 0..32"},
      {{"--config=a", "--allow-destination=10.0.0.0/-1"}, "the prefix must be 0..32"},
      {{"--config=a", "--allow-destination=10.0.0.0/8x"}, "the prefix must be 0..32"},
      {{"--config=a", "--allow-destination=::/129"}, "the prefix must be 0..128"},
      {{"--config=a", "--allow-endpoint=127.0.0.53"}, "--allow-endpoint 127.0.0.53"},
      {{"--config=a", "--allow-endpoint=127.0.0.53:0"}, "--allow-endpoint 127.0.0.53:0"},
      {{"--config=a", "--allow-endpoint=127.0.0.53:65536"}, "--allow-endpoint"},
      {{"--config=a", "--allow-endpoint=::1:53"}, "--allow-endpoint ::1:53"},
      {{"--config=a", "--allow-endpoint=dns.example:53"}, "--allow-endpoint dns.example:53"},
  };
  for (const auto& [words, part] : cases) {
    const auto options = parse(words);
    ASSERT_FALSE(options) << part;
    EXPECT_NE(options.error().what.find(part), std::string::npos) << options.error().what;
  }
}

}  // namespace
}  // namespace gatehouse::privileged
