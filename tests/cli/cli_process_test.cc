// SPDX-License-Identifier: Apache-2.0
// The gatehouse command: help, mistakes, exit codes, check, run.
#include "tests/cli/cli_process.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "config/resolv_conf.h"
#include "tests/cli/cli_files.h"

namespace gatehouse::cli {
namespace {

const char* const kCommands[] = {"run",    "check",  "why",    "replay", "learn",  "import",
                                 "status", "reload", "reopen", "stop",   "posture"};

TEST(CliProcess, HelpNamesEveryCommandAndEveryCommandHasHelp) {
  const Ran help = run_gatehouse({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_EQ(help.err, "");
  for (const std::string command : kCommands) {
    EXPECT_NE(help.out.find("\n  " + command + " "), std::string::npos) << command;
    const Ran own = run_gatehouse({command, "--help"});
    EXPECT_EQ(own.code, 0);
    EXPECT_EQ(own.out.substr(0, 17 + command.size()), "Usage: gatehouse " + command);
    EXPECT_NE(own.out.find("Exit codes: 0 "), std::string::npos) << command;
  }
}

TEST(CliProcess, Version) {
  const Ran version = run_gatehouse({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_EQ(version.out, "gatehouse " GATEHOUSE_VERSION "\n");
}

TEST(CliProcess, MistakesAreSentencesAndTwo) {
  struct Case {
    std::vector<std::string> words;
    std::string error;
  };
  const Case cases[] = {
      {{}, "gatehouse: a command is missing; see `gatehouse --help`\n"},
      {{"chekc"},
       "gatehouse: there is no command chekc (did you mean check?); see `gatehouse --help`\n"},
      {{"--verbose"}, "gatehouse: there is no option --verbose; see `gatehouse --help`\n"},
      {{"check"},
       "gatehouse check: the name of the FILE is missing; see `gatehouse check --help`\n"},
      {{"check", "a", "b"},
       "gatehouse check: only one FILE can be checked; see `gatehouse check --help`\n"},
      {{"check", "--explian", "a"},
       "gatehouse check: there is no option --explian (did you mean --explain?); see `gatehouse "
       "check --help`\n"},
      {{"status", "now"},
       "gatehouse status: the word now is unexpected; see `gatehouse status --help`\n"},
      {{"reload", "--run-dir"},
       "gatehouse reload: the option --run-dir lacks its value; see `gatehouse reload --help`\n"},
      {{"run"}, "gatehouse run: the option --config FILE is missing; see `gatehouse run --help`\n"},
      {{"run", "--gatehoused"},
       "gatehouse run: the option --gatehoused lacks its value; see `gatehouse run --help`\n"},
  };
  for (const Case& one : cases) {
    const Ran ran = run_gatehouse(one.words);
    EXPECT_EQ(ran.code, 2) << one.error;
    EXPECT_EQ(ran.err, one.error);
    EXPECT_EQ(ran.out, "");
  }
}

TEST(CliProcess, OutputThatCannotBeWrittenIsAFailure) {
  const std::string command = std::string(GATEHOUSE_BINARY) + " --version >/dev/full 2>/dev/null";
  EXPECT_EQ(WEXITSTATUS(system(command.c_str())), 1);
}

TEST_F(CliFiles, ARightFileIsOk) {
  const Ran ran = run_gatehouse({"check", file("a.toml", "[gateway]\nworkers = 3\n")});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out,
            "OK: 3 workers, transparent on 0.0.0.0:8888 and [::]:8888, source address of the "
            "client, access log in access.log\n");
  EXPECT_EQ(ran.err, "");
}

TEST_F(CliFiles, MistakesGoToStandardErrorWithTheNameOfTheFile) {
  const std::string path = file("b.toml", "[gateway]\nworkers = 0\nvai = \"off\"\n");
  const Ran ran = run_gatehouse({"check", path});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err,
            path +
                ":2:11: [gateway] workers: is 0; valid is \"auto\" (one for each processor) or "
                "an integer from 1 to 64\n" +
                path +
                ":3:1: [gateway] vai: is no key of this section (did you mean via?); valid "
                "is workers, source_address, clients, via, via_pseudonym, "
                "sockets_per_listener, host_check, policy\n");
}

TEST_F(CliFiles, ExplainPrintsAConfigurationThatIsRightAndTheSame) {
  const std::string path = file("c.toml", "[gateway]\nvia_pseudonym = \"gw\"\nworkers = 2\n");
  const Ran explained = run_gatehouse({"check", "--explain", path});
  EXPECT_EQ(explained.code, 0);
  EXPECT_NE(explained.out.find("\n[quota]\nburst = 64\nper_second = 100\n"), std::string::npos);
  const Ran again = run_gatehouse({"check", "--explain", file("d.toml", explained.out)});
  EXPECT_EQ(again.out, explained.out);
}

constexpr char kPolicyConfig[] =
    "[gateway]\nworkers = 1\npolicy = \"policy.gh\"\n[resolver]\nservers = [\"192.0.2.53\"]\n";

TEST_F(CliFiles, APolicyIsReadWarnedOfAndItsExpectLinesAreRun) {
  const std::string path = file("a.toml", kPolicyConfig);
  file("policy.gh",
       "set unused = 10.0.0.1\ndeny lessons path /x when Mon Europe/Vienna\nallow default\n"
       "expect 10.0.0.1 GET http://a.example/x at 2026-11-23T10:00Z -> deny lessons\n");
  const Ran right = run_gatehouse({"check", path});
  EXPECT_EQ(right.code, 0);
  EXPECT_NE(right.out.find(", policy of 2 rules, 1 expect line holds\n"), std::string::npos)
      << right.out;
  EXPECT_EQ(right.err, "warning: policy.gh:1:5: \"unused\" is used by no rule\n");
  file("policy.gh", "deny default\nexpect 10.0.0.1 GET http://a.example/ -> allow default\n");
  const Ran failing = run_gatehouse({"check", path});
  EXPECT_EQ(failing.code, 2);
  EXPECT_EQ(failing.out, "");
  EXPECT_EQ(failing.err,
            "policy.gh:2:1: expected allow default, decided is deny default (policy.gh:1)\n");
}

// Whoever checks a file may be root, and the file a stranger's: a rule file shows nothing else.
TEST_F(CliFiles, ARuleFileOutsideOfTheDirectoryIsNotRead) {
  const std::string path = file("a.toml", kPolicyConfig);
  char secret[] = "/tmp/gatehouse-cli-secret-XXXXXX";
  const int fd = mkstemp(secret);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(write(fd, "secret\n", 7), 7);
  close(fd);
  std::filesystem::create_symlink(secret, directory_ + "/policy.gh");
  const Ran ran = run_gatehouse({"check", path});
  std::filesystem::remove(secret);
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.err.substr(0, 45), "policy.gh:1:1: can't be opened: EACCES (the l");
  EXPECT_EQ(ran.err.find("secret"), std::string::npos);
}

TEST_F(CliFiles, WhyShowsTheWayThroughTheRules) {
  const std::string path = file("a.toml", kPolicyConfig);
  file("policy.gh",
       "deny admin from not 10.0.0.0/8 path /admin\ntag all from 10.0.0.0/8 as x\n"
       "allow named to a.example\ndeny default\n");
  const Ran denied = run_gatehouse(
      {"why", "--config", path, "--client", "10.0.0.1", "GET", "http://b.example/admin"});
  EXPECT_EQ(denied.code, 1);
  EXPECT_EQ(denied.out,
            "policy.gh:1        deny admin               no: not from\n"
            "policy.gh:2        tag all                  matches, goes on\n"
            "policy.gh:3        allow named              no: to\n"
            "policy.gh:4        deny default             decides\n"
            "deny default\n");
  const Ran allowed =
      run_gatehouse({"why", "--config", path, "--client", "10.0.0.1", "GET", "http://a.example/"});
  EXPECT_EQ(allowed.code, 0);
  EXPECT_TRUE(allowed.out.ends_with("decides\nallow named\n")) << allowed.out;
  const Ran unverified = run_gatehouse({"why", "--config", path, "--client", "10.0.0.1",
                                        "--unverified", "GET", "http://a.example/"});
  EXPECT_NE(unverified.out.find("allow named              no: verified\n"), std::string::npos);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"why", "GET", "http://a.example/"},
           {"why", "--client", "10.0.0.1", "GET"},
           {"why", "--config", path, "--client", "ten", "GET", "http://a.example/"},
           {"why", "--config", path, "--client", "10.0.0.1", "GET", "a.example"},
           {"why", "--config", "/none", "--client", "10.0.0.1", "GET", "http://a.example/"}}) {
    EXPECT_EQ(run_gatehouse(words).code, 2) << words.back();
  }
}

// What takes more than a screen line is broken, and reads as the same.
TEST_F(CliFiles, ExplainPrintsEveryModeAndIsTheSame) {
  std::string text =
      "[[listen]]\nmode = \"forward\"\n[[listen]]\nmode = \"reverse\"\nupstream = \"app\"\n"
      "[[upstream]]\nname = \"app\"\nservers = [\"[2001:db8::5]:8080\"]\n"
      "[resolver]\nservers = [\"192.0.2.53\"]\n[errors]\ntemplate = '''<p>\u00fc\"\"\"\\" +
      std::string(4000, 'x') + "\n" + std::string(4000, ' ') + "\n</p>'''\n" +
      "[gateway]\nvia_pseudonym = \"gw\"\nclients = [";
  for (int i = 0; i < 256; ++i) text += "\n\"2001:db8:" + std::to_string(i) + "::/48\",";
  const Ran explained = run_gatehouse({"check", "--explain", file("f.toml", text + "]\n")});
  EXPECT_EQ(explained.err, "");
  EXPECT_EQ(explained.code, 0);
  EXPECT_NE(explained.out.find("\nservers = [\"[2001:db8::5]:8080\"]\n"), std::string::npos);
  const Ran again = run_gatehouse({"check", "--explain", file("g.toml", explained.out)});
  EXPECT_EQ(again.err, "");
  EXPECT_EQ(again.out, explained.out);
}

// The servers of this host count where the file names none.
TEST_F(CliFiles, TheHostsDnsServersAreLookedAt) {
  std::ifstream host("/etc/resolv.conf");
  const std::string text{std::istreambuf_iterator<char>(host), {}};
  const config::HostServers known = config::read_resolv_conf(text);
  const Ran ran =
      run_gatehouse({"check", "--explain", file("h.toml", "[gateway]\nhost_check = \"tag\"\n")});
  if (known.servers.empty()) {
    EXPECT_EQ(ran.code, 2);
    EXPECT_NE(ran.err.find("no DNS server is known"), std::string::npos) << ran.err;
    return;
  }
  EXPECT_EQ(ran.code, 0) << ran.err;
  const std::string first = gatehouse::to_string(known.servers[0]);
  EXPECT_NE(ran.out.find("\nservers = [\"" + first + "\""), std::string::npos) << ran.out;
  std::string notes;
  for (const std::string& note : known.notes) notes += "note: " + note + "\n";
  EXPECT_EQ(ran.err, notes);
}

TEST_F(CliFiles, StandardInputCanBeChecked) {
  EXPECT_EQ(run_gatehouse({"check", "-"}, "").code, 0);
  const Ran wrong = run_gatehouse({"check", "-"}, "x");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.err.substr(0, 28), "standard input:1:2: syntax: ");
}

TEST_F(CliFiles, FilesThatCannotBeRead) {
  const Ran missing = run_gatehouse({"check", directory_ + "/none"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_EQ(missing.err,
            "gatehouse check: opening " + directory_ + "/none: No such file or directory\n");
  const Ran directory = run_gatehouse({"check", directory_});
  EXPECT_EQ(directory.code, 2);
  EXPECT_EQ(directory.err, directory_ + ": can't be read: EISDIR\n");
}

TEST_F(CliFiles, NoControlOctetReachesTheTerminal) {
  const Ran ran = run_gatehouse(
      {"check", file("e.toml", "[gateway]\n\"\\u001b]0;x\\u0007\" = 1\nvia = \"\\u001b[2J\"\n")});
  EXPECT_EQ(ran.code, 2);
  for (const char c : ran.err) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c <= 0x7e));
}

// The parser runs under the loader's filter, also here.
TEST_F(CliFiles, TheParserIsConfined) {
  const std::string fifo = directory_ + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  Running check({"check", fifo});
  const UniqueFd writer(open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
  // The child that reads the text now waits for it; it is the one whose parent is the command.
  std::string status;
  const auto confined = [](const std::string& text) {
    return text.find("\nSeccomp:\t2\n") != text.npos &&
           text.find("\nNoNewPrivs:\t1\n") != text.npos;
  };
  for (int i = 0; i < 300 && status.empty(); ++i) {
    usleep(10'000);
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "status");
      std::string text{std::istreambuf_iterator<char>(file), {}};
      if (text.starts_with("Name:\tgatehouse\n") && confined(text)) status = text;
    }
  }
  EXPECT_NE(status, "") << "no process of this name is confined";
  ASSERT_EQ(write(writer.get(), "\n", 1), 1);
  const_cast<UniqueFd&>(writer).reset();
  EXPECT_EQ(check.finish().code, 0);
}

TEST_F(CliFiles, RunBecomesTheDaemonWithItsOptions) {
  const std::string daemon = file("daemon", "#!/bin/sh\necho \"$0 $@\"\nexit 7\n");
  ASSERT_EQ(chmod(daemon.c_str(), 0755), 0);
  const Ran ran =
      run_gatehouse({"run", "--gatehoused", daemon, "--config", "/x y", "--require-all"});
  EXPECT_EQ(ran.code, 7);
  EXPECT_EQ(ran.out, daemon + " --config /x y --require-all\n");
}

TEST_F(CliFiles, ADaemonThatIsNotThere) {
  const Ran ran = run_gatehouse({"run", "--gatehoused", directory_ + "/none", "--config", "x"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "gatehouse run: " + directory_ +
                         "/none can't be started: No such file or directory; name the daemon with "
                         "--gatehoused PATH\n");
}

TEST_F(CliFiles, NobodyAnswers) {
  for (const std::string command : {"status", "reload", "reopen", "stop", "posture"}) {
    const Ran ran = run_gatehouse({command, "--run-dir", directory_});
    EXPECT_EQ(ran.code, command == "posture" ? 2 : 1);
    EXPECT_EQ(ran.err, "gatehouse " + command + ": no gatehoused answers at " + directory_ +
                           "/control.sock: No such file or directory; is it running, with this "
                           "--run-dir?\n");
  }
}

}  // namespace
}  // namespace gatehouse::cli
