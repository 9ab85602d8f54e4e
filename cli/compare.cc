// SPDX-License-Identifier: Apache-2.0
#include "cli/compare.h"

#include <algorithm>
#include <cstdio>

namespace gatehouse::cli {
namespace {

constexpr unsigned kSeccompFilter = 2;  // SECCOMP_MODE_FILTER

struct NamespaceName {
  unsigned flag;
  std::string_view file;
};
constexpr NamespaceName kNamespaceNames[] = {{kPid, "pid"}, {kNet, "net"}, {kMount, "mnt"},
                                             {kIpc, "ipc"}, {kUts, "uts"}, {kCgroup, "cgroup"}};

// The resources that base/privileges_*.cc limits, by their names in /proc/PID/limits.
std::string_view limit_name(int resource) {
  switch (resource) {
    case RLIMIT_NOFILE:
      return "Max open files";
    case RLIMIT_NPROC:
      return "Max processes";
    case RLIMIT_FSIZE:
      return "Max file size";
    case RLIMIT_CORE:
      return "Max core file size";
    case RLIMIT_CPU:
      return "Max cpu time";
    case RLIMIT_DATA:
      return "Max data size";
    case RLIMIT_AS:
      return "Max address space";
    case RLIMIT_STACK:
      return "Max stack size";
    case RLIMIT_MEMLOCK:
      return "Max locked memory";
    case RLIMIT_MSGQUEUE:
      return "Max msgqueue size";
    default:
      return "";
  }
}

std::string hex(std::uint64_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}

std::string amount(std::uint64_t value) {
  return value == ~std::uint64_t{0} ? "unlimited" : std::to_string(value);
}

class Comparison {
 public:
  void number(std::string_view name, std::uint64_t is, std::uint64_t declared) {
    if (is != declared) {
      say(std::string(name) + " is " + std::to_string(is) + ", declared is " +
          std::to_string(declared));
    }
  }
  void bits(std::string_view name, std::uint64_t is, std::uint64_t declared) {
    if (is != declared) {
      say(std::string(name) + " is " + hex(is) + ", declared is " + hex(declared));
    }
  }
  void say(std::string text) { found_.push_back(std::move(text)); }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  std::vector<std::string> found_;
};

void compare_identity(const ProcessFacts& is, std::uint32_t id, Comparison* out) {
  for (const std::uint32_t uid : is.uids) {
    if (uid != id) {
      out->number("one of its uids", uid, id);
      break;
    }
  }
  for (const std::uint32_t gid : is.gids) {
    if (gid != id) {
      out->number("one of its gids", gid, id);
      break;
    }
  }
  if (!is.groups.empty()) out->say("it has supplementary groups (" + is.groups + ")");
}

void compare_namespaces(const RolePrivileges& declared, const ProcessFacts& is,
                        const ProcessFacts& parent, Comparison* out) {
  const auto own = own_namespaces(is, parent);
  const auto has = [&](std::string_view file) {
    return std::find(own.begin(), own.end(), file) != own.end();
  };
  for (const NamespaceName& name : kNamespaceNames) {
    const bool wanted = (declared.namespaces & name.flag) != 0;
    if (wanted == has(name.file)) continue;
    out->say("its " + std::string(name.file) + " namespace is " +
             (wanted ? "the parent's, declared is one of its own"
                     : "not the parent's, declared is the parent's"));
  }
  if (has("user")) out->say("its user namespace is not the parent's, declared is the parent's");
}

// "@N" at the start of a row's prefix stands for what descriptor N is: "@4/" is beneath it.
bool fd_matches(const FdRule& rule, int fd, const std::string& link, const ProcessFacts& is) {
  if (rule.fd >= 0 ? rule.fd != fd : fd < 3) return false;
  std::string prefix(rule.link_prefix);
  if (prefix == "*") return true;
  if (prefix.size() >= 2 && prefix[0] == '@') {
    const auto base = is.fds.find(prefix[1] - '0');
    if (base == is.fds.end()) return false;
    prefix = base->second + prefix.substr(2);
  }
  return link.starts_with(prefix);
}

void compare_fds(const RolePrivileges& declared, const ProcessFacts& is, Comparison* out) {
  for (const auto& [fd, link] : is.fds) {
    const bool known =
        std::any_of(declared.fds.begin(), declared.fds.end(), [&, number = fd](const FdRule& rule) {
          return fd_matches(rule, number, is.fds.at(number), is);
        });
    if (!known) {
      out->say("descriptor " + std::to_string(fd) + " is " + link + ", which is not declared");
    }
  }
}

void compare_limits(const RolePrivileges& declared, const ProcessFacts& is, Comparison* out) {
  for (const LimitRule& rule : declared.limits) {
    const std::string name(limit_name(rule.resource));
    const auto found = is.limits.find(name);
    if (found == is.limits.end()) {
      out->say("a limit is declared that can't be looked up (resource " +
               std::to_string(rule.resource) + ")");
      continue;
    }
    // Less is possible on a host that allows less.
    const std::uint64_t most = std::max(found->second.soft, found->second.hard);
    if (most > rule.value) {
      out->say("its limit \"" + name + "\" is " + amount(most) + ", declared is at most " +
               amount(rule.value));
    }
  }
}

}  // namespace

std::vector<std::string> own_namespaces(const ProcessFacts& is, const ProcessFacts& parent) {
  std::vector<std::string> own;
  for (const std::string_view file : kNamespaceFiles) {
    const auto mine = is.namespaces.find(std::string(file));
    const auto theirs = parent.namespaces.find(std::string(file));
    const bool same = mine != is.namespaces.end() && theirs != parent.namespaces.end() &&
                      mine->second == theirs->second;
    if (!same) own.emplace_back(file);
  }
  return own;
}

std::vector<std::string> compare(const RolePrivileges& declared, const ProcessFacts& is,
                                 const ProcessFacts& parent, const Instance& instance) {
  Comparison out;
  compare_identity(is, instance.uid_base + declared.uid_offset, &out);
  out.bits("CapEff", is.cap_effective, declared.capabilities);
  out.bits("CapPrm", is.cap_permitted, declared.capabilities);
  out.bits("CapBnd", is.cap_bounding, declared.capabilities);
  out.bits("CapInh", is.cap_inheritable, 0);
  out.bits("CapAmb", is.cap_ambient, 0);
  out.number("NoNewPrivs", is.no_new_privileges, 1);
  out.number("Seccomp", is.seccomp, kSeccompFilter);
  out.number("Seccomp_filters", is.seccomp_filters,
             declared.seccomp_filters + instance.inherited_filters);
  out.number("Threads", is.threads, 1);
  if (is.dumpable) out.say("it is dumpable, so that its own uid may trace it");
  compare_namespaces(declared, is, parent, &out);
  if (declared.empty_root && !is.root_is_empty) out.say("its root directory is not empty");
  if (declared.empty_root && !is.root_is_read_only) out.say("its root is not read-only");
  compare_fds(declared, is, &out);
  compare_limits(declared, is, &out);
  return out.take();
}

}  // namespace gatehouse::cli
