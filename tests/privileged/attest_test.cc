// SPDX-License-Identifier: Apache-2.0
#include "privileged/attest.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/unique_fd.h"

namespace gatehouse::privileged {
namespace {

constexpr uid_t kId = 64201;

// What Linux 6.18 shows for a worker that is as promised.
const char kStatus[] =
    "Name:\tgatehouse-worke\n"
    "Umask:\t0027\n"
    "State:\tS (sleeping)\n"
    "Tgid:\t4711\n"
    "Ngid:\t0\n"
    "Pid:\t4711\n"
    "PPid:\t4700\n"
    "TracerPid:\t0\n"
    "Uid:\t64201\t64201\t64201\t64201\n"
    "Gid:\t64201\t64201\t64201\t64201\n"
    "FDSize:\t64\n"
    "Groups:\t \n"
    "NStgid:\t4711\t7\n"
    "VmPeak:\t    4096 kB\n"
    "Threads:\t1\n"
    "SigQ:\t0/96000\n"
    "CapInh:\t0000000000000000\n"
    "CapPrm:\t0000000000000000\n"
    "CapEff:\t0000000000000000\n"
    "CapBnd:\t0000000000000000\n"
    "CapAmb:\t0000000000000000\n"
    "NoNewPrivs:\t1\n"
    "Seccomp:\t2\n"
    "Seccomp_filters:\t3\n"
    "Speculation_Store_Bypass:\tthread force mitigated\n";

std::string changed(std::string_view from, std::string_view to) {
  std::string text = kStatus;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Status judge(const std::string& text) { return attest_text(text, privileges(Role::kWorker), kId); }

TEST(Attest, TakesWhatIsPromised) { EXPECT_TRUE(judge(kStatus)); }

TEST(Attest, NamesTheFirstLineThatDiffers) {
  const struct {
    const char* from;
    const char* to;
    const char* key;
  } cases[] = {
      {"Uid:\t64201\t64201\t64201\t64201", "Uid:\t0\t0\t0\t0", "Uid"},
      {"Uid:\t64201\t64201\t64201\t64201", "Uid:\t64201\t64201\t0\t64201", "Uid"},
      {"Uid:\t64201\t64201\t64201\t64201", "Uid:\t642010\t64201\t64201\t64201", "Uid"},
      {"Gid:\t64201\t64201\t64201\t64201", "Gid:\t64201\t64201\t64201\t0", "Gid"},
      {"Groups:\t \n", "Groups:\t0 \n", "Groups"},
      {"Threads:\t1\n", "Threads:\t2\n", "Threads"},
      {"Threads:\t1\n", "Threads:\t11\n", "Threads"},
      {"CapInh:\t0000000000000000", "CapInh:\t0000000000001000", "CapInh"},
      {"CapPrm:\t0000000000000000", "CapPrm:\t0000000000001000", "CapPrm"},
      {"CapEff:\t0000000000000000", "CapEff:\t000001ffffffffff", "CapEff"},
      {"CapBnd:\t0000000000000000", "CapBnd:\t0000000000000001", "CapBnd"},
      {"CapAmb:\t0000000000000000", "CapAmb:\t0000000000000400", "CapAmb"},
      {"NoNewPrivs:\t1", "NoNewPrivs:\t0", "NoNewPrivs"},
      {"Seccomp:\t2", "Seccomp:\t0", "Seccomp"},
      {"Seccomp_filters:\t3", "Seccomp_filters:\t2", "Seccomp_filters"},
      {"Seccomp_filters:\t3\n", "", "Seccomp_filters"},
      {"Threads:\t1\n", "", "Threads"},
  };
  for (const auto& c : cases) {
    const Status status = judge(changed(c.from, c.to));
    ASSERT_FALSE(status) << c.to;
    EXPECT_NE(status.error().what.find(std::string("its ") + c.key + " is not"), std::string::npos)
        << status.error().what;
  }
}

TEST(Attest, ANameCannotStandInForALine) {
  // The kernel writes a line feed in a name as two characters; a name is never a line of its own.
  EXPECT_FALSE(judge(
      changed("Seccomp:\t2", "Seccomp:\t0")
          .replace(0, std::string("Name:\tgatehouse-worke").size(), "Name:\t\\nSeccomp:\t2")));
}

TEST(Attest, NothingAndHalfAFileAreNoProof) {
  EXPECT_FALSE(judge(""));
  const std::string whole = kStatus;
  EXPECT_FALSE(judge(whole.substr(0, whole.find("Seccomp_filters:\t3\n") + 17)));
}

// Of the parent itself the promise is another; the number of filters is not the same.
TEST(Attest, FollowsTheRole) {
  EXPECT_FALSE(attest_text(kStatus, privileges(Role::kParent), kId));
  EXPECT_FALSE(attest_text(kStatus, privileges(Role::kWorker), kId + 1));
}

TEST(Attest, AnUnconfinedProcessIsNotArmed) {
  const UniqueFd proc(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  EXPECT_FALSE(attest(proc.get(), getpid(), privileges(Role::kWorker), getuid()));
  EXPECT_FALSE(attest(proc.get(), 0, privileges(Role::kWorker), getuid())) << "no such process";
  EXPECT_FALSE(attest(-1, getpid(), privileges(Role::kWorker), getuid())) << "no /proc";
}

}  // namespace
}  // namespace gatehouse::privileged
