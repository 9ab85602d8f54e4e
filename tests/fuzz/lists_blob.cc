// SPDX-License-Identifier: Apache-2.0
// Arbitrary blobs: refused, or look-ups in them end and stay within them. The input lies in memory
// of just its size. Its length is made to fit its header, so that most are opened.
#include <cstring>
#include <memory>

#include "base/check.h"
#include "policy/lists/lists_view.h"

namespace gatehouse::fuzz {
namespace {

using lists::Header;
using lists::ListsView;

constexpr std::size_t kLargest = std::size_t{1} << 16;  // octets

void look_up(const ListsView& view) {
  CHECK(view.count() <= lists::kMaxLists);
  for (const std::string_view host : {"www.example.com", "a.b.c.d.e.f.g", "a", "..", "192.0.2.1"}) {
    view.match(host);
    view.match(host, "/a/b/c/d");
  }
  IpAddress address;
  for (const int octet : {0, 1, 0x20, 0x7f, 0xff}) {
    address.octets.fill(static_cast<std::uint8_t>(octet));
    address.family = AF_INET;
    view.match(address);
    address.family = AF_INET6;
    view.match(address);
  }
}

void play(const std::uint8_t* data, std::size_t size) {
  Header header{};
  std::memcpy(&header, data, std::min(size, sizeof header));
  header.magic = lists::kMagic;
  header.reserved = 0;
  const auto layout = lists::layout_of(header);
  const std::size_t length = layout && layout->end <= kLargest ? layout->end : size;
  const std::unique_ptr<std::byte[]> blob(new std::byte[length]());
  std::memcpy(blob.get(), data, std::min(size, length));
  std::memcpy(blob.get(), &header, std::min(length, sizeof header));
  const auto view = ListsView::open({blob.get(), length});
  CHECK(view.has_value() == (layout && layout->end == length));
  if (view) look_up(*view);
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gatehouse::fuzz::play(data, size);
  return 0;
}
