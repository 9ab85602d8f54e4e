// SPDX-License-Identifier: Apache-2.0
// gatehouse-logger: owns every log target. Confined before it reads a single record.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/privileges.h"
#include "base/sandbox.h"
#include "logger/logger.h"

namespace {

using gatehouse::logger::Target;

constexpr int kUnconfined = 3;  // exit code

// Asked before confinement: fstat is not in the filter.
Target::Kind kind_of(int fd) {
  struct stat status {};
  const bool regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  return regular ? Target::Kind::kSharedFile : Target::Kind::kStream;
}

}  // namespace

int main() {
  // A limit on the size of files shall be an error of write(2), not the end of the process.
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);  // and so shall a reader that went away
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return kUnconfined;
  const gatehouse::logger::Descriptors fds{
      .channel = gatehouse::kChannelFd,
      .directory = gatehouse::kLoggerDirectoryFd,
      .out = STDOUT_FILENO,
      .err = STDERR_FILENO,
      .out_kind = kind_of(STDOUT_FILENO),
      .err_kind = kind_of(STDERR_FILENO),
  };
  if (!gatehouse::install_filter(gatehouse::privileges(gatehouse::Role::kLogger).own)) {
    return kUnconfined;
  }
  ::_exit(gatehouse::logger::Logger(fds).run());
}
