// SPDX-License-Identifier: Apache-2.0
#include "worker/compiled.h"

#include <sys/mman.h>

#include <utility>

#include "ipc/sealed_memfd.h"

namespace gatehouse::worker {

Result<wire::Config> read_config(UniqueFd memfd) {
  const auto size = ipc::sealed_size(memfd.get());
  if (!size) return size.error();
  const auto bytes = ipc::read_sealed(memfd.get(), *size);
  if (!bytes) return bytes.error();
  wire::Config config;
  if (!config.ParseFromString(*bytes)) return Error{EBADMSG, "the configuration can't be read"};
  return config;
}

Result<std::span<const std::byte>> map_lists(UniqueFd memfd) {
  const auto size = ipc::sealed_size(memfd.get());
  if (!size) return size.error();
  if (*size == 0) return std::span<const std::byte>();
  void* lists = mmap(nullptr, *size, PROT_READ, MAP_PRIVATE, memfd.get(), 0);
  if (lists == MAP_FAILED) return errno_error("mapping the lists");
  return std::span(static_cast<const std::byte*>(lists), *size);
}

}  // namespace gatehouse::worker
