// SPDX-License-Identifier: Apache-2.0
#include "worker/connection.h"

namespace gatehouse::worker {

bool Connection::send(BlockPool& pool, Parts& parts) {
  if (parts.count() == 0) return !transport.write_over();
  if (transport.write_over()) return false;
  std::size_t taken = 0;
  if (out.empty() && transport.writable()) {
    const Moved moved = transport.write(parts.span());
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
