// SPDX-License-Identifier: Apache-2.0
#include "worker/connection.h"

#include <cstring>

namespace gatehouse::worker {

// Only what is short is worth a copy into one piece.
Moved Connection::write(Parts& parts, bool last) {
  if (!last) return transport.write(parts.span());
  std::array<char, 4096> whole;
  std::size_t size = 0;
  for (const iovec& part : parts.span()) {
    if (part.iov_len > whole.size() - size) return transport.write(parts.span());
    std::memcpy(whole.data() + size, part.iov_base, part.iov_len);
    size += part.iov_len;
  }
  return transport.write_last({whole.data(), size});
}

bool Connection::send(BlockPool& pool, Parts& parts, bool last) {
  if (parts.count() == 0) return !transport.write_over();
  if (transport.write_over()) return false;
  std::size_t taken = 0;
  if (out.empty() && transport.writable()) {
    const Moved moved = write(parts, last);
    if (moved.kind == Moved::kFailed) return false;
    taken = moved.n;
  }
  for (const iovec& part : parts.span()) {
    if (taken >= part.iov_len) {
      taken -= part.iov_len;
      continue;
    }
    out.append(pool, {static_cast<char*>(part.iov_base) + taken, part.iov_len - taken});
    taken = 0;
  }
  return true;
}

bool Connection::flush() {
  while (!out.empty() && transport.writable()) {
    iovec part{out.data(), out.size()};
    const Moved moved = transport.write({&part, 1});
    if (moved.kind == Moved::kFailed) return false;
    out.consume(moved.n);
  }
  return out.empty() || !transport.write_over();
}

void Connection::close(Poller* poller) {
  transport.close(poller);
  in.clear();
  out.clear();
}

}  // namespace gatehouse::worker
