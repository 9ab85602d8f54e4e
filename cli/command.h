// SPDX-License-Identifier: Apache-2.0
// The subcommands of `gatehouse`: one file each, one entry here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::cli {

enum Exit : int {
  kOk = 0,
  kFailed = 1,  // posture, replay, import: a difference was found
  kWrong = 2,   // wrong command line or configuration; posture: nothing could be asked
};

inline constexpr std::string_view kDefaultRunDirectory = "/run/gatehouse";

struct Command {
  std::string_view name;
  std::string_view summary;
  std::string_view help;
  // words: what stands after the command's name. Returns the exit code.
  int (*run)(const std::vector<std::string>& words);
};

extern const Command kRunCommand;
extern const Command kCheckCommand;
extern const Command kWhyCommand;
extern const Command kReplayCommand;
extern const Command kLearnCommand;
extern const Command kImportCommand;
extern const Command kReloadCommand;
extern const Command kReopenCommand;
extern const Command kStopCommand;
extern const Command kStatusCommand;
extern const Command kPostureCommand;
extern const Command kClientCommand;
extern const Command kGrantCommand;
extern const Command kBypassCommand;

// "gatehouse COMMAND: sentence" on standard error; returns code.
int complain(std::string_view command, std::string_view sentence, int code);
// A wrong command line: the sentence, and where help is. Returns kWrong.
int misused(std::string_view command, std::string_view sentence);

}  // namespace gatehouse::cli
