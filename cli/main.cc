// SPDX-License-Identifier: Apache-2.0
// gatehouse: what people type.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"
#include "config/values.h"

namespace gatehouse::cli {
namespace {

const Command* const kCommands[] = {
    &kRunCommand,    &kCheckCommand,  &kWhyCommand,    &kReplayCommand, &kLearnCommand,
    &kImportCommand, &kStatusCommand, &kReloadCommand, &kReopenCommand, &kStopCommand,
    &kClientCommand, &kGrantCommand,  &kBypassCommand, &kPostureCommand};

void print_help() {
  std::printf(
      "Usage: gatehouse COMMAND [OPTION]...\n"
      "A transparent HTTP gateway.\n\n");
  for (const Command* command : kCommands) {
    std::printf("  %-8.*s  %.*s\n", static_cast<int>(command->name.size()), command->name.data(),
                static_cast<int>(command->summary.size()), command->summary.data());
  }
  std::printf(
      "\n  --help     this text; `gatehouse COMMAND --help` says more about one\n"
      "  --version  the version\n\n"
      "Exit codes: 0 done; 1 failed; 2 wrong command line or configuration.\n");
}

int run(const std::vector<std::string>& words) {
  if (words.empty()) return misused("", "a command is missing");
  if (words[0] == "--help" || words[0] == "help" || words[0] == "-h") {
    print_help();
    return kOk;
  }
  if (words[0] == "--version") {
    std::printf("gatehouse %s\n", GATEHOUSE_VERSION);
    return kOk;
  }
  std::vector<std::string_view> names;
  for (const Command* command : kCommands) {
    names.push_back(command->name);
    if (command->name != words[0]) continue;
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    const auto end = std::find(rest.begin(), rest.end(), "--");
    if (std::find(rest.begin(), end, "--help") != end) {
      std::fwrite(command->help.data(), 1, command->help.size(), stdout);
      return kOk;
    }
    return command->run(rest);
  }
  const char* const kind = words[0][0] == '-' ? "option " : "command ";
  return misused("", "there is no " + std::string(kind) + words[0] + suggestion(words[0], names));
}

}  // namespace

int complain(std::string_view command, std::string_view sentence, int code) {
  // The sentence may come from another process: several lines, but nothing else.
  std::string text;
  for (std::size_t begin = 0; begin <= sentence.size();) {
    const std::size_t end = std::min(sentence.find('\n', begin), sentence.size());
    text.append(config::printable(sentence.substr(begin, end - begin), 4096)).append("\n");
    begin = end + 1;
  }
  std::fprintf(stderr, "gatehouse%s%.*s: %s", command.empty() ? "" : " ",
               static_cast<int>(command.size()), command.data(), text.c_str());
  return code;
}

int misused(std::string_view command, std::string_view sentence) {
  const std::string help =
      command.empty() ? "gatehouse --help" : "gatehouse " + std::string(command) + " --help";
  return complain(command, std::string(sentence) + "; see `" + help + "`", kWrong);
}

}  // namespace gatehouse::cli

int main(int argc, char** argv) {
  const int code = gatehouse::cli::run({argv + std::min(argc, 1), argv + argc});
  // A full disk or a closed pipe must not look like success.
  if (std::fflush(stdout) != 0 && code == gatehouse::cli::kOk) {
    return gatehouse::cli::complain("", "standard output can't be written",
                                    gatehouse::cli::kFailed);
  }
  return code;
}
