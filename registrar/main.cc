// SPDX-License-Identifier: Apache-2.0
// gatehouse-registrar: keeps what is changed at run time. No network, no capability; of the file
// system it has two open files. main() is the order in which it loses the rest.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdlib>

#include "base/sandbox.h"
#include "ipc/codec.h"
#include "registrar/registrar.h"

namespace gatehouse::registrar {
namespace {

enum Exit : int { kParentGone = 0, kUnprepared = 1, kUnconfined = 3 };

UniqueFd open_file(const char* name) {
  return UniqueFd(
      openat(kRegistrarDirectoryFd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

// The two files of the journal, and that their names are on disk. One registrar has them at a time.
Result<Journal> open_journal() {
  UniqueFd first = open_file("clients.0"), second = open_file("clients.1");
  if (!first.valid() || !second.valid()) return errno_error("opening the journal (--state-dir)");
  const UniqueFd directory(openat(kRegistrarDirectoryFd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || fsync(directory.get()) != 0) {
    return errno_error("writing the state directory (--state-dir)");
  }
  if (flock(first.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{errno, "another gatehoused uses this state directory; choose another --state-dir"};
  }
  return Journal(std::move(first), std::move(second));
}

Result<clients::Page*> map_page() {
  void* page =
      mmap(nullptr, kClientsPageSize, PROT_READ | PROT_WRITE, MAP_SHARED, kRegistrarPageFd, 0);
  if (page == MAP_FAILED) return errno_error("mapping the run-time table");
  close(kRegistrarPageFd);
  return static_cast<clients::Page*>(page);
}

int fail(const Error& error) {
  wire::FromRegistrar message;
  message.mutable_failed()->set_text(error.what.substr(0, 1000));
  (void)ipc::send_message(kChannelFd, message);
  return kUnprepared;
}

int run(int argc, char** argv) {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return kUnprepared;
  // A file too long and a caller that has gone are errors of write(2).
  signal(SIGXFSZ, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  std::optional<std::uint32_t> group;
  if (argc > 1) group = static_cast<std::uint32_t>(std::strtoul(argv[1], nullptr, 10));
  const auto page = map_page();
  if (!page) return fail(page.error());
  lists::SipKey seed;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) return kUnprepared;
  auto journal = open_journal();
  if (!journal) return fail(journal.error());
  Registrar registrar({kChannelFd, UniqueFd(kRegistrarLogFd)},
                      Registry(std::move(*journal), PageWriter(*page, seed)), group);
  if (!install_filter(privileges(Role::kRegistrar).own)) return kUnconfined;
  if (!registrar.load()) return kUnprepared;
  registrar.run();
  return kParentGone;
}

}  // namespace
}  // namespace gatehouse::registrar

int main(int argc, char** argv) { _exit(gatehouse::registrar::run(argc, argv)); }
