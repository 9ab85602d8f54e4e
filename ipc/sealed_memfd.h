// SPDX-License-Identifier: Apache-2.0
// Memory handed to another process that can't change any more once it is sealed (memfd_create(2)).
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gatehouse::ipc {

// An unsealed, close-on-exec memory file of size octets (0: to be grown by its writer). name is
// for /proc only.
Result<UniqueFd> make_memfd(const char* name, std::size_t size);

// Puts on F_SEAL_SHRINK, GROW and SEAL, and with contents also WRITE.
Status seal(int memfd, bool contents);

// Reads size octets of a memfd that must be fully sealed and at least that large. Copies, so that
// the caller parses its own memory.
Result<std::string> read_sealed(int memfd, std::size_t size);

// The size of a sealed memfd; an error where a seal is missing.
Result<std::size_t> sealed_size(int memfd);

}  // namespace gatehouse::ipc
