// SPDX-License-Identifier: Apache-2.0
// What the registrar's parts stand on in their tests: a page, two files of a journal, entries.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "policy/clients/clients_view.h"
#include "registrar/journal.h"
#include "registrar/page_writer.h"
#include "registrar/registry.h"

namespace gatehouse::registrar {

inline constexpr std::int64_t kNow = 1'800'000'000'000;
inline constexpr std::int64_t kHour = 3'600'000;

// Memory is taken for what is used only.
class PageMemory {
 public:
  PageMemory()
      : memory_(mmap(nullptr, kClientsPageSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                     -1, 0)) {
    if (memory_ == MAP_FAILED) std::abort();
  }
  ~PageMemory() { munmap(memory_, kClientsPageSize); }
  PageMemory(const PageMemory&) = delete;
  PageMemory& operator=(const PageMemory&) = delete;
  clients::Page* get() { return static_cast<clients::Page*>(memory_); }

 private:
  void* memory_;
};

struct JournalFiles {
  UniqueFd first{memfd_create("first", MFD_CLOEXEC)};
  UniqueFd second{memfd_create("second", MFD_CLOEXEC)};

  Journal open() const { return {UniqueFd(dup(first.get())), UniqueFd(dup(second.get()))}; }
};

inline IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return {AF_INET, {a, b, c, d}};
}

inline Entry entry_of(Entry::Kind kind, const IpAddress& address, std::uint32_t prefix) {
  Entry entry;
  entry.set_kind(kind);
  entry.set_address(std::string(address.bytes()));
  entry.set_prefix(prefix);
  entry.set_for_ms(kHour);
  entry.set_until_ms(kNow + kHour);
  return entry;
}
inline Entry client(const IpAddress& address, std::uint32_t prefix,
                    const std::vector<std::string>& labels) {
  Entry entry = entry_of(Entry::CLIENT, address, prefix);
  for (const std::string& label : labels) entry.add_labels(label);
  return entry;
}
inline Entry grant(const IpAddress& address, const std::string& host) {
  Entry entry = entry_of(Entry::GRANT, address, 32);
  entry.set_host(host);
  entry.set_reason("a test");
  return entry;
}

inline std::string labels_of(const clients::ClientsView& view, const IpAddress& address,
                             std::int64_t now = kNow) {
  std::vector<std::string> labels;
  view.labels(address, now, &labels);
  std::string text;
  for (const std::string& label : labels) text.append(text.empty() ? "" : " ").append(label);
  return text;
}

}  // namespace gatehouse::registrar
