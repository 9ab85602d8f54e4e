// SPDX-License-Identifier: Apache-2.0
// docs/configuration.md and packaging/gatehouse.toml say what the code does.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "config/config.h"

namespace gatehouse::config {
namespace {

const Surroundings kAround{4, "gatehouse-0123"};

// Has each section and each key; the values are the defaults, where there are any.
constexpr std::string_view kEverySection = R"(
[gateway]
clients = ["10.0.0.0/8"]
[[listen]]
[[listen]]
mode = "forward"
[[listen]]
mode = "reverse"
upstream = "app"
[[upstream]]
name = "app"
servers = ["10.0.0.5:8080"]
[resolver]
servers = ["192.0.2.53"]
)";

std::string read_source(const std::string& name) {
  std::ifstream file(std::string(SOURCE_DIRECTORY) + "/" + name);
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The blocks between ```KIND and ```.
std::vector<std::string> blocks(const std::string& text, const std::string& kind) {
  std::vector<std::string> result;
  bool inside = false;
  for (const std::string& line : lines_of(text)) {
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      result.back().append(line).append("\n");
    } else if (line == "```" + kind) {
      inside = true;
      result.emplace_back();
    }
  }
  return result;
}

std::string same_as(const std::string& text) {
  const Outcome outcome = parse(text, "file", kAround);
  for (const std::string& error : outcome.errors) ADD_FAILURE() << error;
  return outcome.config.SerializeAsString();
}

TEST(Documentation, EveryExampleIsRightAndChangesSomething) {
  const auto examples = blocks(read_source("docs/configuration.md"), "toml");
  EXPECT_EQ(examples.size(), 11U);
  for (const std::string& example : examples) {
    SCOPED_TRACE(example);
    EXPECT_NE(same_as(example), same_as(""));
  }
}

TEST(Documentation, TheExampleMistakesAreWhatIsSaid) {
  const auto shown = blocks(read_source("docs/configuration.md"), "text");
  ASSERT_EQ(shown.size(), 1U);
  const Outcome outcome =
      parse("[gateway]\nworkers = 0\n\n[log]\nfromat = \"json\"\n\n[timeouts]\nhead = 10\n",
            "gatehouse.toml", kAround);
  EXPECT_EQ(outcome.errors, lines_of(shown[0]));
}

// Each key stands in the table of its section, with its default.
TEST(Documentation, EveryKeyHasItsRow) {
  const std::string text = read_source("docs/configuration.md");
  const std::string settings = describe(parse(kEverySection, "", kAround).config);
  // These depend on the machine, or are two, or have no default.
  const std::set<std::string> without_default = {"workers", "via_pseudonym", "address", "clients",
                                                 "name",    "servers",       "upstream"};
  std::string section;
  std::set<std::string> keys;
  for (const std::string& line : lines_of(settings)) {
    if (line.starts_with("[")) {
      const auto begin = text.find("\n## " + line + "\n");
      ASSERT_NE(begin, std::string::npos) << line;
      section = text.substr(begin, text.find("\n## ", begin + 1) - begin);
    } else if (!line.empty()) {
      const std::string key = line.substr(0, line.find(' '));
      const std::string value = line.substr(line.find("= ") + 2);
      const auto row = section.find("\n| `" + key + "` |");
      ASSERT_NE(row, std::string::npos) << key;
      const std::string cells = section.substr(row, section.find('\n', row + 1) - row);
      keys.insert(section.substr(0, section.find('\n', 1)) + " " + key);
      if (without_default.contains(key)) continue;
      const bool there = cells.find("| `" + value + "` |") != std::string::npos ||
                         cells.find("| " + value) != std::string::npos ||
                         cells.find(", " + value) != std::string::npos ||
                         (key == "mode" && cells.find("`" + value + "`") != std::string::npos);
      EXPECT_TRUE(there) << key << " = " << value << " is not the default in:" << cells;
    }
  }
  EXPECT_EQ(keys.size(), 7U + 7 + 4 + 3 + 7 + 3 + 8 + 9 + 2 + 1);
}

TEST(Documentation, ThePackagedFileIsTheDefaultWithAndWithoutItsComments) {
  const std::string text = read_source("packaging/gatehouse.toml");
  EXPECT_EQ(same_as(text), same_as(""));
  // "#key = value" and "#[section]" are settings, "# text" is prose.
  std::string active;
  for (const std::string& line : lines_of(text)) {
    const bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    active.append(setting ? line.substr(1) : line).append("\n");
  }
  EXPECT_EQ(same_as(active), same_as(""));
  // And it has every key that is a setting of the default.
  const std::string settings = describe(parse("", "", kAround).config);
  for (const std::string& line : lines_of(settings)) {
    const std::string key = line.substr(0, line.find(' '));
    if (key == "via_pseudonym" || key == "address") continue;
    EXPECT_NE(active.find("\n" + key), std::string::npos) << key;
  }
}

}  // namespace
}  // namespace gatehouse::config
