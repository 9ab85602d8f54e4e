// SPDX-License-Identifier: Apache-2.0
#include "privileged/confine.h"

#include <cap-ng.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "base/sandbox.h"

#ifdef GATEHOUSE_ABLATION
#include <cstdlib>
#endif

namespace gatehouse::privileged {

#ifdef GATEHOUSE_ABLATION
// GATEHOUSE_OMIT is a list of layers between commas.
bool omitted(std::string_view layer) {
  const char* list = std::getenv("GATEHOUSE_OMIT");
  if (list == nullptr) return false;
  const std::string text = "," + std::string(list) + ",";
  return text.find("," + std::string(layer) + ",") != std::string::npos;
}
#endif

void give_up(const std::string& why, int code) {
  dprintf(STDERR_FILENO, "gatehoused: error: %s\n", why.c_str());
  _exit(code);
}

Status enter_empty_root() {
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return errno_error("making the mounts private");
  }
  // Over /tmp, in a mount namespace that only this process sees.
  if (mount("gatehouse", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=755") !=
      0) {
    return errno_error("mounting an empty file system");
  }
  if (chdir("/tmp") != 0 || mkdir("empty", 0555) != 0) return errno_error("making an empty root");
  if (syscall(SYS_pivot_root, ".", ".") != 0) return errno_error("changing the root (pivot_root)");
  if (umount2(".", MNT_DETACH) != 0) return errno_error("leaving the old root");
  if (mount(nullptr, "/", nullptr, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
            nullptr) != 0) {
    return errno_error("making the empty root read-only");
  }
  if (chroot("/empty") != 0 || chdir("/") != 0) return errno_error("entering the empty root");
  return ok();
}

Status keep_only(std::uint64_t capabilities) {
  capng_clear(CAPNG_SELECT_ALL);
  for (unsigned i = 0; i < 64; ++i) {
    if ((capabilities >> i & 1) == 0) continue;
    const auto sets =
        static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET);
    if (capng_update(CAPNG_ADD, sets, i) != 0) return Error{0, "capabilities: can't be chosen"};
  }
  if (capng_apply(CAPNG_SELECT_ALL) != 0) return errno_error("capabilities: can't be given up");
  return ok();
}

Status become(uid_t id, std::uint64_t keep_capabilities) {
  constexpr unsigned long kBits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                  SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                                  SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  if (prctl(PR_SET_SECUREBITS, kBits) != 0) return errno_error("locking the securebits");
  if (setgroups(0, nullptr) != 0 || setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0) {
    return errno_error("becoming uid " + std::to_string(id));
  }
  if (auto status = keep_only(keep_capabilities); !status) return status;
  if (auto status = set_no_new_privileges(); !status) return status;
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return errno_error("becoming undumpable");

  uid_t r, e, s;
  gid_t rg, eg, sg;
  const bool right = getresuid(&r, &e, &s) == 0 && r == id && e == id && s == id &&
                     getresgid(&rg, &eg, &sg) == 0 && rg == id && eg == id && sg == id &&
                     getgroups(0, nullptr) == 0 && setuid(0) != 0 &&
                     prctl(PR_GET_SECUREBITS) == static_cast<int>(kBits);
  if (!right) return Error{0, "giving up root did not take effect"};
  return ok();
}

}  // namespace gatehouse::privileged
