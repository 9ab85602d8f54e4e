// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/compile.h"

#include <gtest/gtest.h>

#include "policy/lists/lists_view.h"
#include "tests/policy_lists/made_lists.h"

namespace gatehouse::lists {
namespace {

constexpr CompileOptions kOptions = {{1, 2}};

std::string error_of(std::vector<ListFile> files, CompileOptions options = kOptions) {
  const auto compiled = compile_lists(std::move(files), options, {});
  return compiled ? "compiled" : compiled.error().what;
}

std::vector<ListFile> one(const std::string& text, std::optional<Form> form = std::nullopt) {
  std::vector<ListFile> files;
  files.push_back(text_file("ads", "ads.txt", form, text));
  return files;
}

TEST(Compile, JunkIsCountedAndNamedAndNeverFatal) {
  const auto compiled =
      must_compile(one("a.example\nb b\nc.example\nco.uk\n*.github.io\n"
                       "192.0.2.1\nc.example\n.c.example\n*.c.example\n"));
  const FileReport& report = compiled.files.at(0);
  EXPECT_EQ(report.samples,
            (std::vector<std::string>{
                "ads.txt:2: \"b b\" is no host name: labels of 1 to 63 letters, digits, '-' and "
                "'_', 253 octets in all",
                "ads.txt:4: \"co.uk\" is a public suffix: it would hold every name below it; if "
                "that is meant, write public-suffix: before it, in a list of the plain form",
                "ads.txt:5: \"github.io\" is a public suffix: it would hold every name below it; "
                "if that is meant, write public-suffix: before it, in a list of the plain form",
                "ads.txt:6: \"192.0.2.1\" is an address and no name; addresses stand in lists of "
                "the networks form",
                "ads.txt:7: says the same as ads.txt:3", "ads.txt:8: says the same as ads.txt:3",
                "ads.txt:9: says the same as ads.txt:3"}));
  EXPECT_EQ(report.summary(),
            "ads.txt: plain form (detected), 9 lines: 5 entries, 3 duplicates, 4 junk, "
            "0 not supported");
}

TEST(Compile, SamplesAreBoundedAndTheCountsAreNot) {
  std::string text = "a.example\n";
  for (int i = 0; i < 1000; ++i) text += "a.example\n<" + std::string(200, 'x') + ">\n";
  const auto compiled = must_compile(one(text, Form::kPlain));
  const FileReport& report = compiled.files.at(0);
  EXPECT_EQ(report.duplicates, 1000U);
  EXPECT_EQ(report.junk(), 1000U);
  ASSERT_EQ(report.samples.size(), 2 * kSamples);
  EXPECT_LT(report.samples.at(0).size(), 300U);
}

TEST(Compile, SamplesArePrintable) {
  const auto compiled = must_compile(one("a.example\n\x1b[31m\"\\\xff\n"));
  EXPECT_EQ(compiled.files.at(0).samples.at(0),
            "ads.txt:2: \"\\x1b[31m\\x22\\x5c\\xff\" has octets outside ASCII; write an "
            "international name in its xn-- form");
}

TEST(Compile, TheSameInAnotherListIsNoDuplicate) {
  std::vector<ListFile> files;
  files.push_back(text_file("ads", "ads.txt", std::nullopt, "a.example\n"));
  files.push_back(text_file("bad", "bad.txt", std::nullopt, "a.example\n"));
  files.push_back(text_file("ads", "more.txt", std::nullopt, "\na.example\nb.example\n"));
  const auto compiled = must_compile(std::move(files));
  EXPECT_EQ(compiled.names, (std::vector<std::string>{"ads", "bad"}));
  EXPECT_EQ(compiled.files.at(0).duplicates, 0U);
  EXPECT_EQ(compiled.files.at(1).duplicates, 0U);
  EXPECT_EQ(compiled.files.at(2).samples,
            std::vector<std::string>{"more.txt:2: says the same as ads.txt:1"});
}

TEST(Compile, ExactAndBelowTogetherAreNoDuplicate) {
  const auto compiled =
      must_compile(one("a.example CNAME .\n*.a.example CNAME .\nA.example CNAME .\n", Form::kRpz));
  EXPECT_EQ(compiled.files.at(0).samples,
            std::vector<std::string>{"ads.txt:3: says the same as ads.txt:1"});
}

TEST(Compile, NetworksTwiceAreDuplicates) {
  const auto compiled =
      must_compile(one("192.0.2.0/24\n192.0.2.0/25\n192.0.2.0/24\n2001:db8::/32\n"
                       "2001:db8::/32\n"));
  EXPECT_EQ(compiled.files.at(0).samples,
            (std::vector<std::string>{"ads.txt:3: says the same as ads.txt:1",
                                      "ads.txt:5: says the same as ads.txt:4"}));
}

TEST(Compile, APublicSuffixOnlyHoldsByItsMarkOrExactly) {
  const auto marked = must_compile(one("public-suffix:co.uk\n"));
  EXPECT_EQ(ListsView::open(marked.blob)->match("a.co.uk"), 1U);
  const auto exact = must_compile(one("0.0.0.0 github.io\n"));
  const auto view = ListsView::open(exact.blob);
  EXPECT_EQ(view->match("github.io"), 1U);
  EXPECT_EQ(view->match("someone.github.io"), 0U);
  // Wildcards and exceptions of the public suffix list, and a name of one label.
  const auto compiled =
      must_compile(one("a.example\nwww.ck\nanything.ck\nintranet\n||\ncity.kawasaki.jp\n"));
  EXPECT_EQ(compiled.files.at(0).faults[static_cast<std::size_t>(Fault::kPublicSuffix)], 2U);
  EXPECT_EQ(compiled.files.at(0).entries, 3U);
}

TEST(Compile, AFileOfNothingButJunkIsRefused) {
  EXPECT_EQ(error_of(one("<html>\n<p>Moved</p>\n")),
            "ads.txt: not one of its 2 lines is an entry of a list of the plain form; is it the "
            "right file? ads.txt:1: \"<html>\" is no host name: labels of 1 to 63 letters, digits, "
            "'-' and '_', 253 octets in all");
  EXPECT_EQ(error_of(one("a.example\n", Form::kHosts)),
            "ads.txt: not one of its 1 lines is an entry of a list of the hosts form; is it the "
            "right file? ads.txt:1: \"a.example\" is no line of this form of list");
  EXPECT_EQ(error_of(one("")), "compiled");
  EXPECT_EQ(error_of(one("# nothing yet\n")), "compiled");
}

TEST(Compile, LimitsAreErrors) {
  std::vector<ListFile> files;
  for (int i = 0; i < 64; ++i) {
    files.push_back(text_file("list" + std::to_string(i), "f", std::nullopt, "a.example\n"));
  }
  auto more = files;
  EXPECT_EQ(error_of(std::move(files)), "compiled");
  more.push_back(text_file("one-more", "f", std::nullopt, ""));
  EXPECT_EQ(error_of(std::move(more)),
            "list one-more: there can be no more than 64 lists; put the files of some into one "
            "list");
  CompileOptions few = kOptions;
  few.max_entries = 2;
  EXPECT_EQ(error_of(one("a.example\nb.example\n"), few), "compiled");
  EXPECT_EQ(error_of(one("a.example\nb.example\nc.example\n"), few),
            "ads.txt:3: more than 2 entries in all lists");
}

TEST(Compile, AFileThatCannotBeReadIsAnError) {
  std::vector<ListFile> files(1);
  files[0] = {"ads", "ads.txt", std::nullopt, [](std::span<char>) -> Result<std::size_t> {
                return Error{5, "can't be read"};
              }};
  EXPECT_EQ(error_of(std::move(files)), "ads.txt: can't be read");
}

TEST(Compile, LongLines) {
  const auto compiled = must_compile(one("a.example\n" + std::string(5000, 'x') + "\n"));
  EXPECT_EQ(compiled.files.at(0).samples.at(0),
            "ads.txt:2: \"" + std::string(80, 'x') +
                "...\" is the beginning of a line of more than 4096 octets");
}

TEST(Compile, ProgressIsTold) {
  std::string text;
  NameMaker names(7);
  while (text.size() < 3'500'000) text += names.next() + "\n";
  std::vector<CompileProgress::Stage> stages;
  unsigned percent = 0;
  const auto compiled = compile_lists(one(text), kOptions, [&](const CompileProgress& progress) {
    stages.push_back(progress.stage);
    if (progress.stage == CompileProgress::Stage::kReading) {
      EXPECT_EQ(progress.file, "ads.txt");
      EXPECT_GT(progress.entries, 0U);
    }
    EXPECT_GE(progress.percent, percent);
    percent = progress.percent;
  });
  ASSERT_TRUE(compiled);
  EXPECT_EQ(std::count(stages.begin(), stages.end(), CompileProgress::Stage::kReading), 3);
  EXPECT_EQ(std::count(stages.begin(), stages.end(), CompileProgress::Stage::kSorting), 19);
  EXPECT_EQ(stages.back(), CompileProgress::Stage::kDone);
  EXPECT_EQ(percent, 100U);
}

}  // namespace
}  // namespace gatehouse::lists
