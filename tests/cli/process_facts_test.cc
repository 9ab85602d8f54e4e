// SPDX-License-Identifier: Apache-2.0
#include "cli/process_facts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/unique_fd.h"

namespace gatehouse::cli {
namespace {

constexpr std::string_view kStatus =
    "Name:\tgatehouse-worke\nUmask:\t0027\nState:\tS (sleeping)\nTgid:\t42\nPPid:\t41\n"
    "Uid:\t64201\t64201\t64201\t64201\nGid:\t64201\t64201\t64201\t64202\nGroups:\t \n"
    "CapInh:\t0000000000000000\nCapPrm:\t0000000000001000\nCapEff:\t0000000000001001\n"
    "CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000002\nNoNewPrivs:\t1\nSeccomp:\t2\n"
    "Seccomp_filters:\t3\nThreads:\t1\n";

TEST(ProcessFacts, StatusIsUnderstood) {
  ProcessFacts facts;
  ASSERT_TRUE(parse_status(kStatus, &facts));
  EXPECT_EQ(facts.parent, 41);
  EXPECT_EQ(facts.uids, (std::array<std::uint32_t, 4>{64201, 64201, 64201, 64201}));
  EXPECT_EQ(facts.gids[3], 64202U);
  EXPECT_EQ(facts.groups, "");
  EXPECT_EQ(facts.cap_permitted, 0x1000U);
  EXPECT_EQ(facts.cap_effective, 0x1001U);
  EXPECT_EQ(facts.cap_bounding, 0x1ffffffffffU);
  EXPECT_EQ(facts.cap_ambient, 2U);
  EXPECT_EQ(facts.no_new_privileges, 1U);
  EXPECT_EQ(facts.seccomp, 2U);
  EXPECT_EQ(facts.seccomp_filters, 3U);
  EXPECT_EQ(facts.threads, 1U);
}

TEST(ProcessFacts, AMissingLineIsNotUnderstood) {
  for (const char* name : {"PPid", "Uid", "Gid", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
                           "NoNewPrivs", "Seccomp", "Seccomp_filters", "Threads"}) {
    std::string text(kStatus);
    const auto begin = text.find("\n" + std::string(name) + ":") + 1;
    text.erase(begin, text.find('\n', begin) + 1 - begin);
    ProcessFacts facts;
    EXPECT_FALSE(parse_status(text, &facts)) << name;
  }
}

TEST(ProcessFacts, LimitsAreUnderstood) {
  ProcessFacts facts;
  ASSERT_TRUE(parse_limits(
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max cpu time              unlimited            unlimited            seconds   \n"
      "Max open files            1024                 16384                files     \n"
      "Max nice priority         0                    0                    \n",
      &facts));
  EXPECT_EQ(facts.limits.at("Max cpu time").hard, ~std::uint64_t{0});
  EXPECT_EQ(facts.limits.at("Max open files").soft, 1024U);
  EXPECT_EQ(facts.limits.at("Max open files").hard, 16384U);
  EXPECT_EQ(facts.limits.at("Max nice priority").soft, 0U);
  EXPECT_FALSE(parse_limits("", &facts));
  EXPECT_FALSE(parse_limits("Limit\nshort\n", &facts));
}

TEST(ProcessFacts, OfThisProcess) {
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto facts = read_process(getpid());
  ASSERT_TRUE(facts) << facts.error().what;
  EXPECT_EQ(facts->parent, getppid());
  EXPECT_EQ(facts->uids[0], getuid());
  EXPECT_EQ(facts->gids[0], getgid());
  EXPECT_EQ(facts->no_new_privileges,
            static_cast<unsigned>(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
  EXPECT_EQ(facts->namespaces.size(), kNamespaceFiles.size());
  EXPECT_FALSE(facts->root_is_empty);
  EXPECT_EQ(facts->fds.at(null.get()), "/dev/null");
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(facts->limits.at("Max open files").soft, limit.rlim_cur);
  EXPECT_EQ(facts->limits.at("Max open files").hard, limit.rlim_max);
}

TEST(ProcessFacts, ChildrenAreFoundAndTheEndedAreGone) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  const auto children = children_of(getpid());
  ASSERT_TRUE(children);
  EXPECT_EQ(std::count(children->begin(), children->end(), child), 1);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const auto gone = read_process(child);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().number, ENOENT);
}

}  // namespace
}  // namespace gatehouse::cli
