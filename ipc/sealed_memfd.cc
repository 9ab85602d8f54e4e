// SPDX-License-Identifier: Apache-2.0
#include "ipc/sealed_memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL  // Linux 6.3
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace gatehouse::ipc {

Result<UniqueFd> make_memfd(const char* name, std::size_t size) {
  UniqueFd memfd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL));
  if (!memfd.valid() && errno == EINVAL) {  // before Linux 6.3
    memfd.reset(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  }
  if (!memfd.valid()) return errno_error("making shared memory (memfd_create)");
  if (size != 0 && ftruncate(memfd.get(), static_cast<off_t>(size)) != 0) {
    return errno_error("sizing shared memory (ftruncate)");
  }
  return memfd;
}

Status seal(int memfd, bool contents) {
  const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | (contents ? F_SEAL_WRITE : 0);
  if (fcntl(memfd, F_ADD_SEALS, seals) != 0) return errno_error("sealing shared memory");
  return ok();
}

Result<std::size_t> sealed_size(int memfd) {
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | F_SEAL_WRITE;
  const int seals = fcntl(memfd, F_GET_SEALS);
  if (seals < 0 || (seals & kNeeded) != kNeeded) {
    return Error{EPERM, "the shared memory is not sealed"};
  }
  const off_t size = lseek(memfd, 0, SEEK_END);
  if (size < 0) return errno_error("reading the size of shared memory");
  return static_cast<std::size_t>(size);
}

Result<std::string> read_sealed(int memfd, std::size_t size) {
  const auto actual = sealed_size(memfd);
  if (!actual) return actual.error();
  if (size > *actual) return Error{EMSGSIZE, "the shared memory is shorter than announced"};
  std::string text(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t n = pread(memfd, text.data() + have, size - have, static_cast<off_t>(have));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return errno_error("reading shared memory");
    have += static_cast<std::size_t>(n);
  }
  return text;
}

}  // namespace gatehouse::ipc
