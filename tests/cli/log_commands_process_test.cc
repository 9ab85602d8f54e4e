// SPDX-License-Identifier: Apache-2.0
// gatehouse replay, learn and import: command lines, files, exit codes.
#include "tests/cli/cli_files.h"
#include "tests/cli/cli_process.h"
#include "tests/cli/log_lines.h"

namespace gatehouse::cli {
namespace {

constexpr char kSquidLine[] =
    "1795500210.500 0 10.0.0.1 TCP_MISS/200 900 GET http://www.example.com/a - HIER_NONE/- -\n";

TEST_F(CliFiles, ReplaySaysWhatWouldChange) {
  const std::string rules = file("a.gh", "deny example to .example.com\nallow default\n");
  const std::string log = file("access.log", json_line() + kSquidLine);
  const Ran changed = run_gatehouse({"replay", rules, "--log", log});
  EXPECT_EQ(changed.code, 1);
  EXPECT_EQ(changed.err, "");
  EXPECT_NE(changed.out.find("\n  2 would be denied\n"), std::string::npos) << changed.out;
  const Ran same = run_gatehouse({"replay", file("b.gh", "allow default\n"), "--log", "-"},
                                 json_line() + kSquidLine);
  EXPECT_EQ(same.code, 0);
  EXPECT_NE(same.out.find("\n  2 decided as then\n"), std::string::npos) << same.out;
}

TEST_F(CliFiles, ReplayTakesAConfigurationAndItsListsAndIncludes) {
  file("policy.gh", "include \"more.gh\"\nallow default\n");
  file("more.gh", "list bad = \"bad.domains\"\ndeny bad to @bad\n");
  file("bad.domains", ".example.com\n");
  const std::string log = file("access.log", json_line());
  const std::string config =
      file("a.toml", "[gateway]\npolicy = \"policy.gh\"\n[resolver]\nservers = [\"192.0.2.53\"]\n");
  for (const std::string& policy : {config, directory_ + "/policy.gh"}) {
    const Ran ran = run_gatehouse({"replay", policy, "--log", log});
    EXPECT_EQ(ran.code, 1) << ran.err;
    EXPECT_NE(ran.out.find("\nbad (more.gh:2)  "), std::string::npos) << ran.out;
  }
}

TEST_F(CliFiles, WhatReplayCannotRunOnIsTwo) {
  const std::string rules = file("a.gh", "allow default\n");
  const std::string log = file("access.log", json_line());
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"replay", "--log", log}, "the POLICY is missing; see"},
      {{"replay", rules}, "the option --log FILE is missing; see"},
      {{"replay", rules, "--log", directory_ + "/none"},
       "opening " + directory_ + "/none: No such"},
      {{"replay", directory_ + "/none", "--log", log}, "opening " + directory_ + "/none: No such"},
      {{"replay", "-", "--log", "-"}, "can't both be standard input"},
      {{"replay", rules, "--log", log, "--listener", "x"},
       "--listener is x; valid is transparent, forward or reverse"},
      {{"replay", rules, "--log", log, "--rows", "many"},
       "--rows is many; valid is a number up to 1000"},
      {{"replay", file("b.gh", "allow all\n"), "--log", log},
       "b.gh:1:7: the rule has no conditions"},
      {{"replay", file("c.toml", ""), "--log", log}, "names no policy ([gateway] policy)"},
      {{"replay", rules, "--log", file("junk", "x\n")}, "no line of the log is a record"},
      {{"replay", rules, "--log", directory_}, "the log can't be read: Is a directory"},
      {{"learn"}, "the option --log FILE is missing; see"},
      {{"learn", "x", "--log", log}, "the word x is unexpected; see"},
      {{"learn", "--log", log, "--group", "10.0.0.0/8,ten"}, "--group has ten; valid is networks"},
      {{"learn", "--log", log, "--fold", "-1"}, "--fold is -1; valid is a number up to 1000"},
      {{"learn", "--log", file("empty", "")}, "no line of the log is a record"},
  };
  for (const auto& [words, sentence] : cases) {
    const Ran ran = run_gatehouse(words);
    EXPECT_EQ(ran.code, 2) << sentence;
    EXPECT_EQ(ran.out, "") << sentence;
    EXPECT_NE(ran.err.find(sentence), std::string::npos) << ran.err;
  }
}

TEST_F(CliFiles, WhatIsLearnedPassesCheckAndChangesNothing) {
  const std::string log = file("access.log", json_line() + kSquidLine + "junk\n");
  const Ran learned = run_gatehouse({"learn", "--log", log});
  EXPECT_EQ(learned.code, 0);
  EXPECT_EQ(learned.err, "1 line left out:\n  line 3: it is no line of a format that is known\n");
  const std::string rules = file("learned.gh", learned.out);
  const Ran check = run_gatehouse({"check", rules});
  EXPECT_EQ(check.code, 0);
  EXPECT_EQ(check.out, "OK: policy of 2 rules, 0 expect lines hold\n") << check.err;
  EXPECT_EQ(check.err, "");
  EXPECT_EQ(run_gatehouse({"replay", rules, "--log", log}).code, 0);
}

// The log may be a stranger's, and who reads it root: it is read in the loader's confinement, and
// without a policy no file at all can be opened.
TEST_F(CliFiles, LogsAreReadInConfinement) {
  const std::string fifo = directory_ + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  Running learn({"learn", "--log", fifo});
  UniqueFd writer(open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
  bool confined = false;
  for (int i = 0; i < 200 && !confined; ++i, usleep(20'000)) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream status(entry.path() / "status");
      const std::string text{std::istreambuf_iterator<char>(status), {}};
      if (text.find("PPid:\t" + std::to_string(learn.pid()) + "\n") == std::string::npos) continue;
      confined |= text.find("\nNoNewPrivs:\t1\n") != std::string::npos &&
                  text.find("\nSeccomp:\t2\n") != std::string::npos;
    }
  }
  EXPECT_TRUE(confined);
  const std::string line = json_line();
  EXPECT_EQ(write(writer.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
  writer.reset();
  EXPECT_EQ(learn.finish().code, 0);
}

TEST_F(CliFiles, CheckAndWhyTakeARuleFile) {
  const std::string rules = file("a.gh",
                                 "# a comment\n\ndeny x to .a.example\nallow default\n"
                                 "expect 10.0.0.1 GET http://a.example/ -> deny x\n");
  const Ran check = run_gatehouse({"check", rules});
  EXPECT_EQ(check.code, 0);
  EXPECT_EQ(check.out, "OK: policy of 2 rules, 1 expect line holds\n") << check.err;
  const Ran why = run_gatehouse(
      {"why", "--config", rules, "--client", "10.0.0.1", "GET", "http://b.a.example/"});
  EXPECT_EQ(why.code, 1);
  EXPECT_TRUE(why.out.ends_with("deny x\n")) << why.out << why.err;
  EXPECT_EQ(run_gatehouse({"check", "-"}, "allow default\n").out,
            "OK: policy of 1 rule, 0 expect lines hold\n");
  const Ran wrong = run_gatehouse({"check", "-"}, "allow default\nallow\n");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.err.substr(0, 18), "standard input:2:6");
}

TEST_F(CliFiles, ImportReadsWhatIsBeneathTheDirectoryOnly) {
  std::filesystem::create_directory(directory_ + "/conf.d");
  file("conf.d/a.conf", "http_access deny bad\n");
  file("conf.d/.hidden.conf", "nonsense\n");
  file("bad.txt", ".bad.example\n");
  const std::string head = "acl bad dstdomain \"" + directory_ + "/bad.txt\"\ninclude " +
                           directory_ + "/conf.d/*.conf\n";
  const std::string conf = file("squid.conf", head + "http_access allow all\n");
  const Ran exact = run_gatehouse({"import", "squid", conf});
  EXPECT_EQ(exact.code, 0) << exact.err;
  EXPECT_EQ(exact.err, "");
  EXPECT_NE(exact.out.find("\ndeny a.conf-1 to .bad.example\n"), std::string::npos) << exact.out;
  EXPECT_TRUE(exact.out.ends_with("\nallow default\n"));
  EXPECT_EQ(run_gatehouse({"check", file("rules.gh", exact.out)}).code, 0);
  // A link that leads out of the directory is not followed.
  std::filesystem::remove(directory_ + "/bad.txt");
  std::filesystem::create_symlink("/etc/passwd", directory_ + "/bad.txt");
  const Ran link = run_gatehouse({"import", "squid", conf});
  EXPECT_EQ(link.code, 1);
  EXPECT_NE(link.err.find("a.conf:1: acl bad: its file"), std::string::npos) << link.err;
  EXPECT_NE(link.err.find("can't be opened: EACCES"), std::string::npos) << link.err;
  EXPECT_EQ(link.out.find("root:"), std::string::npos);
  EXPECT_TRUE(link.out.ends_with("\ndeny default\n"));
}

TEST_F(CliFiles, WhatImportCannotRunOnIsTwo) {
  const std::string conf = file("squid.conf", "http_access deny all\n");
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"import"}, "expected squid and the FILE; see"},
      {{"import", "apache", conf}, "apache can't be imported; valid is squid"},
      {{"import", "squid"}, "expected one FILE behind squid"},
      {{"import", "squid", directory_ + "/none"}, "none: No such file or directory"},
      {{"import", "squid", conf, "--zone", "a b"}, "--zone is a b; valid is one such as"},
  };
  for (const auto& [words, sentence] : cases) {
    const Ran ran = run_gatehouse(words);
    EXPECT_EQ(ran.code, 2) << sentence;
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err.find(sentence), std::string::npos) << ran.err;
  }
  EXPECT_EQ(run_gatehouse({"import", "squid", "-"}, "http_access deny all\n").code, 0);
}

}  // namespace
}  // namespace gatehouse::cli
