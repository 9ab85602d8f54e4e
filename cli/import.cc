// SPDX-License-Identifier: Apache-2.0
// gatehouse import: access rules of another proxy as a rule file.
#include <filesystem>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/confined.h"
#include "cli/squid/translate.h"
#include "config/values.h"
#include "policy/language/parse.h"

namespace gatehouse::cli {
namespace {

constexpr std::string_view kHelp =
    "Usage: gatehouse import squid FILE [OPTION]...\n"
    "Turns the http_access lines of a squid.conf, with the acls that they use, into a rule file "
    "for\n"
    "forward listeners, on standard output. The rules allow nothing that Squid would not: a line\n"
    "that can't be said exactly is left out if it allows, and denies more if it denies. Each such\n"
    "line is named on standard error and in the comments of the rules. What FILE includes, and "
    "the\n"
    "files of acls, are read where they are beneath its directory. Needs no root.\n\n"
    "  --zone ZONE  the time zone of hours (acl ... time), such as Europe/Vienna\n\n"
    "Exit codes: 0 all lines are translated exactly; 1 some are not, or it failed; 2 wrong "
    "command\n"
    "line, or FILE can't be read.\n";

// The first octet of the report.
constexpr char kExact = '0', kInexact = '1', kWrongReport = '2';
constexpr char kEndOfProblems = '\0';
constexpr std::size_t kMaxNames = 10'000;  // files beneath the directory that patterns may mean

// The names of files beneath the directory, two levels deep. By whoever calls: no content is read.
std::vector<std::string> names_beneath(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator entry(
           directory, std::filesystem::directory_options::skip_permission_denied, error);
       !error && entry != std::filesystem::recursive_directory_iterator() &&
       names.size() < kMaxNames;
       entry.increment(error)) {
    if (entry.depth() >= 2) entry.disable_recursion_pending();
    std::error_code ignored;
    if (!entry->is_directory(ignored)) {
      names.push_back(entry->path().lexically_relative(directory).string());
    }
  }
  return names;
}

// In the confined child: problems, then the rules; or what is wrong.
std::string examine(const ConfinedInput& input, const std::string& directory,
                    const std::vector<std::string>& names, const std::string& zone) {
  const squid::Sources sources{input.surroundings.files, directory, names};
  const std::string name = input.file_name.substr(input.file_name.rfind('/') + 1);
  const squid::Translation translation = squid::translate(name, input.text, sources, zone);
  std::string problems;
  for (const std::string& one : translation.problems) problems.append(one).append("\n");
  if (translation.rules.size() > policy::kMaxFile) {
    return kWrongReport + problems +
           "the rules are larger than 1 MiB, the most a rule file may have; " +
           "use lists for long acls (docs/lists.md)\n";
  }
  return (problems.empty() ? kExact : kInexact) + problems + kEndOfProblems + translation.rules;
}

int run(const std::vector<std::string>& words) {
  const auto arguments = Arguments::parse(words, {{"--zone", true}});
  if (!arguments) return misused("import", arguments.error().what);
  const auto& positional = arguments->positional();
  if (positional.empty() || positional[0] != "squid") {
    return misused("import", positional.empty()
                                 ? "expected squid and the FILE"
                                 : positional[0] + " can't be imported; valid is squid");
  }
  if (positional.size() != 2) return misused("import", "expected one FILE behind squid");
  const std::string zone = arguments->value("--zone", "");
  for (const char c : zone) {
    const bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                        (c >= 'a' && c <= 'z') || c == '/' || c == '_' || c == '-' || c == '+';
    if (!letter)
      return misused("import", "--zone is " + zone + "; valid is one such as Europe/Vienna");
  }
  const std::string& file = positional[1];
  std::error_code error;
  std::filesystem::path directory = file == "-" ? "." : std::filesystem::path(file).parent_path();
  directory = std::filesystem::canonical(directory.empty() ? "." : directory, error);
  const std::vector<std::string> names =
      error ? std::vector<std::string>() : names_beneath(directory);
  const Result<std::string> report = work_confined(
      {file, "", std::size_t{4} << 20},
      [&](const ConfinedInput& input) { return examine(input, directory.string(), names, zone); });
  if (!report) return complain("import", report.error().what, report.error().number);
  std::string_view text = std::string_view(*report).substr(1);
  const std::size_t end = std::min(text.find(kEndOfProblems), text.size());
  print_lines(text.substr(0, end), stderr);
  print_lines(text.substr(std::min(end + 1, text.size())), stdout);
  return (*report)[0] == kExact ? kOk : (*report)[0] == kInexact ? kFailed : kWrong;
}

}  // namespace

const Command kImportCommand = {"import", "translate a squid.conf into a rule file", kHelp, run};

}  // namespace gatehouse::cli
