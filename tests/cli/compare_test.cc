// SPDX-License-Identifier: Apache-2.0
// A process as declared has no difference; each single deviation is exactly one.
#include "cli/compare.h"

#include <gtest/gtest.h>

#include <functional>

namespace gatehouse::cli {
namespace {

constexpr Instance kBase{64200, 0};

ProcessFacts parent_facts() {
  ProcessFacts facts;
  for (const std::string_view name : kNamespaceFiles) {
    facts.namespaces[std::string(name)] = std::string(name) + ":[1]";
  }
  return facts;
}

ProcessFacts worker_facts() {
  ProcessFacts facts;
  facts.pid = 42;
  facts.uids.fill(kBase.uid_base + 1);
  facts.gids.fill(kBase.uid_base + 1);
  facts.no_new_privileges = 1;
  facts.seccomp = 2;
  facts.seccomp_filters = kWorkerPrivileges.seccomp_filters;
  facts.threads = 1;
  facts.dumpable = false;
  for (const std::string_view name : kNamespaceFiles) {
    facts.namespaces[std::string(name)] = std::string(name) + (name == "user" ? ":[1]" : ":[2]");
  }
  facts.root_is_empty = facts.root_is_read_only = true;
  facts.fds = {{0, "/dev/null"},
               {1, "/dev/null"},
               {2, "/dev/null"},
               {3, "socket:[10]"},
               {4, "pipe:[11]"},
               {5, "/memfd:gatehouse-metrics (deleted)"},
               {6, "/memfd:gatehouse-config (deleted)"},
               {7, "anon_inode:[eventpoll]"},
               {20, "socket:[12]"}};
  facts.limits = {{"Max open files", {16384, 16384}},
                  {"Max processes", {0, 0}},
                  {"Max file size", {0, 0}},
                  {"Max core file size", {0, 0}},
                  {"Max locked memory", {0, 0}},
                  {"Max msgqueue size", {0, 0}},
                  {"Max data size", {2ULL << 30, 2ULL << 30}}};
  return facts;
}

std::vector<std::string> differences(const ProcessFacts& facts) {
  return compare(kWorkerPrivileges, facts, parent_facts(), kBase);
}

TEST(Compare, AWorkerAsDeclaredHasNoDifference) {
  EXPECT_EQ(differences(worker_facts()), std::vector<std::string>{});
}

TEST(Compare, EachDeviationIsOneSentence) {
  struct Case {
    std::function<void(ProcessFacts*)> change;
    std::string sentence;
  };
  const Case cases[] = {
      {[](auto* f) { f->uids[2] = 0; }, "one of its uids is 0, declared is 64201"},
      {[](auto* f) { f->gids[0] = 5; }, "one of its gids is 5, declared is 64201"},
      {[](auto* f) { f->groups = "4 24"; }, "it has supplementary groups (4 24)"},
      {[](auto* f) { f->cap_effective = 1; }, "CapEff is 0x1, declared is 0x0"},
      {[](auto* f) { f->cap_permitted = 1; }, "CapPrm is 0x1, declared is 0x0"},
      {[](auto* f) { f->cap_bounding = 0x1000; }, "CapBnd is 0x1000, declared is 0x0"},
      {[](auto* f) { f->cap_inheritable = 1; }, "CapInh is 0x1, declared is 0x0"},
      {[](auto* f) { f->cap_ambient = 1; }, "CapAmb is 0x1, declared is 0x0"},
      {[](auto* f) { f->no_new_privileges = 0; }, "NoNewPrivs is 0, declared is 1"},
      {[](auto* f) { f->seccomp = 0; }, "Seccomp is 0, declared is 2"},
      {[](auto* f) { --f->seccomp_filters; }, "Seccomp_filters is 2, declared is 3"},
      {[](auto* f) { f->threads = 2; }, "Threads is 2, declared is 1"},
      {[](auto* f) { f->dumpable = true; }, "it is dumpable, so that its own uid may trace it"},
      {[](auto* f) { f->namespaces["net"] = "net:[1]"; },
       "its net namespace is the parent's, declared is one of its own"},
      {[](auto* f) { f->namespaces["user"] = "user:[2]"; },
       "its user namespace is not the parent's, declared is the parent's"},
      {[](auto* f) { f->root_is_empty = false; }, "its root directory is not empty"},
      {[](auto* f) { f->root_is_read_only = false; }, "its root is not read-only"},
      {[](auto* f) { f->fds[9] = "/etc/passwd"; },
       "descriptor 9 is /etc/passwd, which is not declared"},
      {[](auto* f) { f->fds[1] = "pipe:[9]"; }, "descriptor 1 is pipe:[9], which is not declared"},
      {[](auto* f) { f->fds[3] = "/dev/mem"; }, "descriptor 3 is /dev/mem, which is not declared"},
      {[](auto* f) { f->limits["Max core file size"].hard = 1; },
       "its limit \"Max core file size\" is 1, declared is at most 0"},
      {[](auto* f) { f->limits["Max open files"].soft = ~0ULL; },
       "its limit \"Max open files\" is unlimited, declared is at most 16384"},
  };
  for (const Case& one : cases) {
    ProcessFacts facts = worker_facts();
    one.change(&facts);
    EXPECT_EQ(differences(facts), std::vector<std::string>{one.sentence});
  }
}

// A container or a unit may have its own around gatehoused and all its children.
TEST(Compare, FiltersFromOutsideAreCountedIn) {
  ProcessFacts facts = worker_facts();
  facts.seccomp_filters += 2;
  EXPECT_EQ(differences(facts), std::vector<std::string>{"Seccomp_filters is 5, declared is 3"});
  EXPECT_EQ(compare(kWorkerPrivileges, facts, parent_facts(), {kBase.uid_base, 2}),
            std::vector<std::string>{});
  EXPECT_EQ(compare(kWorkerPrivileges, worker_facts(), parent_facts(), {kBase.uid_base, 2}),
            std::vector<std::string>{"Seccomp_filters is 3, declared is 5"});
}

TEST(Compare, AResolverHoldsSocketsItsConfigurationAndALoop) {
  const auto about = [](int fd, const std::string& link) {
    ProcessFacts facts;
    facts.fds = {{0, "/dev/null"},
                 {3, "socket:[1]"},
                 {4, "/memfd:gatehouse-config (deleted)"},
                 {7, "anon_inode:[eventpoll]"},
                 {9, "socket:[2]"}};
    facts.fds[fd] = link;
    for (const std::string& one : compare(kResolverPrivileges, facts, parent_facts(), kBase)) {
      if (one.starts_with("descriptor ")) return one;
    }
    return std::string();
  };
  EXPECT_EQ(about(9, "socket:[2]"), "");
  EXPECT_EQ(about(9, "/etc/resolv.conf"),
            "descriptor 9 is /etc/resolv.conf, which is not declared");
}

TEST(Compare, LessThanALimitIsFine) {
  ProcessFacts facts = worker_facts();
  facts.limits["Max open files"] = {1024, 4096};
  EXPECT_EQ(differences(facts), std::vector<std::string>{});
}

TEST(Compare, ANamespaceThatShouldBeSharedIsADifference) {
  ProcessFacts parent = parent_facts();
  ProcessFacts other = parent;
  other.namespaces["net"] = "net:[7]";
  EXPECT_EQ(own_namespaces(other, parent), std::vector<std::string>{"net"});
  const auto found = compare(kParentPrivileges, other, parent, kBase);
  EXPECT_NE(std::find(found.begin(), found.end(),
                      "its net namespace is not the parent's, declared is the parent's"),
            found.end());
}

TEST(Compare, LogFilesLieBeneathTheLogDirectory) {
  const auto about_fd9 = [](const std::string& link) {
    ProcessFacts facts;
    facts.fds = {{4, "/var/log/gatehouse"}, {9, link}};
    for (const std::string& one : compare(kLoggerPrivileges, facts, parent_facts(), kBase)) {
      if (one.starts_with("descriptor 9 ")) return one;
    }
    return std::string();
  };
  EXPECT_EQ(about_fd9("/var/log/gatehouse/access.log"), "");
  EXPECT_EQ(about_fd9("/var/log/gatehouse-other/x"),
            "descriptor 9 is /var/log/gatehouse-other/x, which is not declared");
  EXPECT_EQ(about_fd9("/etc/shadow"), "descriptor 9 is /etc/shadow, which is not declared");
}

// Every limit that a role declares can be looked up.
TEST(Compare, NoDeclaredLimitIsUnknown) {
  for (unsigned i = 0; i < kRoles; ++i) {
    const RolePrivileges& role = privileges(static_cast<Role>(i));
    const auto facts = read_process(getpid());
    ASSERT_TRUE(facts);
    for (const std::string& one : compare(role, *facts, *facts, kBase)) {
      EXPECT_EQ(one.find("can't be looked up"), std::string::npos) << role.name << ": " << one;
    }
  }
}

}  // namespace
}  // namespace gatehouse::cli
